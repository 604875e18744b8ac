extension WaitingPage {
  package var html: String {
    let content: Markup = """
      <h1>Waiting</h1>
      <section id="held"><h2>Held</h2>
      \(heldSection)</section>
      <section id="parked"><h2>Parked</h2>
      \(parkedSection)</section>
      <section id="pins"><h2>Pinned</h2>
      \(pinSection)</section>
      <section id="due"><h2>Coming deletions</h2>
      \(dueSection)</section>
      """
    return Layout(title: "Waiting", place: .waiting, frame: frame, content: content).html
  }

  private var now: Moment { frame.now }
  /// Whether what stands here may be of several directories.
  private var isMixed: Bool { frame.directories.count > 1 && frame.directory == nil }

  private var heldSection: Markup {
    if held.isEmpty {
      return Shown.empty(
        """
        Nothing is held. Removals beyond the budget, and takeovers of entries that Rollcall did not make, would wait here \
        for your decision. \(last(lastHeld))
        """)
    }
    return "\(held.map { HeldBox(held: $0, frame: frame, isMixed: isMixed).markup })"
  }

  private func last(_ moment: Moment?) -> Markup {
    moment.map { "Last one: \($0.markup(now))." } ?? "There has been none as far back as the journal goes."
  }

  private var parkedSection: Markup {
    if parked.isEmpty {
      return Shown.empty(
        "Nobody is parked. People whose entries cannot be written appear here, with the error. \(last(lastParked))")
    }
    return "\(ParkedGroup.groups(of: parked).map { $0.markup(frame, isMixed: isMixed) })"
  }

  private var pinSection: Markup {
    if pins.isEmpty {
      return Shown.empty(
        "Nobody is pinned. People for whom somebody has stopped all writing would appear here, with the reason.")
    }
    var columns: [Table.Column] = [
      .init("Person", isHeading: true), .init("Because"), .init("By"), .init("Since"), .init("Ends"),
    ]
    if frame.hasActions { columns.append(.init("", isHeading: true)) }
    let rows = pins.map { pin -> [Markup] in
      let end: Markup =
        if let until = pin.until { until.markup(now) } else if pin.endsWithChange {
          "when the row changes"
        } else { "when unpinned" }
      let removal: Markup? = pin.removal.map { action in
        "<br><b class=\"warn\">\(PersonActions.noun(action)) waits</b>"
      }
      let cells: [Markup] = [
        person(pin.key, pin.directory), "\(pin.because)\(removal)", "\(pin.actor)", Shown.time(pin.since, now), end,
      ]
      let form = Form(
        path: "/people/unpin", frame: frame, directory: pin.directory, fields: [("key", pin.key), ("page", "waiting")],
        button: "Unpin",
        subject: pin.key)
      return frame.hasActions ? cells + [form.markup] : cells
    }
    return Table(caption: "Pinned people", columns: columns, rows: rows).markup
  }

  private func person(_ key: String, _ directory: String) -> Markup {
    let place: Markup = isMixed ? " <span class=\"quiet\">\(directory)</span>" : ""
    return "\(Shown.person(key, directory))\(place)"
  }

  private var dueSection: Markup {
    if due.isEmpty {
      return Shown.empty(
        """
        No deletion is coming. Disabled entries whose rows are gone would be here with the day of their deletion, where \
        <code>users.delete_after</code> is set.
        """)
    }
    let table = Table(
      caption: "Deletions by date",
      columns: [.init("When", isHeading: true), .init("Person"), .init("Entry")],
      rows: due.map { due in
        [
          "\(due.at.date) <span class=\"quiet\">\(due.at.markup(now))</span>", person(due.key, due.directory),
          due.dn.map(Shown.name) ?? "",
        ]
      })
    let come = plural(due.count, "comes", "come")
    return "<p>\(counted(due.count, "deletion")) \(come) without anybody's word.</p>\n\(table.markup)"
  }
}
