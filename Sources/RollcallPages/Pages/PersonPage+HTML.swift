extension PersonPage {
  package var html: String {
    let dn: Markup? = dn.map { "<p class=\"dn\">\(Shown.name($0))</p>\n" }
    let place: Markup? = frame.directories.count > 1 ? " · \(directory)" : nil
    let content: Markup = """
      <p class="of">Key <code>\(key)</code>\(place)</p>
      <h1>\(name ?? "Key \(key)")</h1>
      \(dn)\(verdict)\(steps)\(sidesSection)\(PersonActions(page: self).markup)<section id="timeline">
      <h2>Timeline</h2>
      \(timelineSection)</section>
      """
    return Layout(title: name ?? key, place: .person, frame: frame, content: content).html
  }

  private var verdict: Markup {
    switch answer {
    case .unanswered(let why):
      return """
        <p class="verdict waiting">\(Mark.wait.markup) <span>\(why)</span></p>
        <p class="sub">What follows is what the database knows.</p>

        """
    case .explained(let explained):
      let (mark, level): (Mark, Markup) =
        switch explained.verdict {
        case .inStep: (.ok, "well")
        case .pending: (.wait, "waiting")
        case .blocked: (.alert, "trouble")
        case .unknown: (.alert, "waiting")
        }
      return """
        <p class="verdict \(level)">\(mark.markup) <span>\(sentence(explained.summary))</span></p>

        """
    }
  }

  /// Without the key, which is the heading already, and as a sentence.
  private func sentence(_ summary: String) -> String {
    let prefix = "key \(key): "
    let text = summary.hasPrefix(prefix) ? String(summary.dropFirst(prefix.count)) : summary
    return text.prefix(1).uppercased() + text.dropFirst()
  }

  private var steps: Markup {
    guard case .explained(let explained) = answer, !explained.steps.isEmpty else { return "" }
    let items = explained.steps.map { step -> Markup in
      let (mark, word): (Mark, Markup) =
        switch step.outcome {
        case .ok: (.ok, "ok")
        case .no: (.no, "no")
        case .wait: (.wait, "waits")
        case .error: (.error, "error")
        }
      return """
        <li class="\(step.outcome.rawValue)">\(mark.markup)<div>
        <h3>\(PersonPage.title(step.name)) <span class="outcome">\(word)</span></h3>
        <p>\(step.text)</p>
        \(step.ldif.map { Shown.ldif($0, "LDIF") })</div></li>

        """
    }
    return "<section>\n<h2>Why</h2>\n<ol class=\"steps\">\n\(items)</ol>\n</section>\n"
  }

  private static func title(_ step: String) -> String {
    step == "last_write" ? "Last write" : step.prefix(1).uppercased() + step.dropFirst()
  }

  private var sidesSection: Markup {
    var parts: Markup = ""
    if !sides.isEmpty {
      let count = sides.count(where: \.isDifferent)
      let note =
        sides.contains { $0.entry == nil } && count == 0
        ? "" : count == 0 ? "No difference." : "\(counted(count, "attribute")) \(plural(count, "differs", "differ"))."
      let table = Table(
        caption: "Row and entry compared",
        columns: [.init("Attribute", isHeading: true), .init("The table says"), .init("The directory has"), .init("")],
        rows: sides.map { side in
          [
            Shown.name(side.attribute), values(side.row, side.entry, "ins"), values(side.entry, side.row, "del"),
            side.isDifferent ? "<b class=\"warn\">differs</b>" : "",
          ]
        })
      parts = "<h2>Row and entry</h2>\n<p class=\"sub\">\(note)</p>\n<div class=\"diff\">\(table.markup)</div>\n"
    }
    if !columns.isEmpty {
      let rows = columns.map { column -> [Markup] in
        let value: Markup = column.value.map { "<code>\($0)</code>" } ?? "<span class=\"quiet\">NULL</span>"
        return [Shown.name(column.name), value]
      }
      let table = Table(
        caption: "Columns that determine scope and activity",
        columns: [.init("Column", isHeading: true), .init("Value")],
        rows: rows)
      parts = "\(parts)<details class=\"fold\"><summary>Columns that decide</summary>\n\(table.markup)\n</details>\n"
    }
    return "<section>\n\(parts)</section>\n"
  }

  /// Values, those marked that the other side has not.
  private func values(_ values: [String]?, _ others: [String]?, _ element: Markup) -> Markup {
    guard let values else { return "<span class=\"quiet\">not known</span>" }
    if values.isEmpty { return "<span class=\"quiet\">–</span>" }
    let known = others.map { Set($0) }
    let shown = values.map { value -> Markup in
      known?.contains(value) == false ? "<\(element)>\(value)</\(element)> " : "<span>\(value)</span> "
    }
    return "\(shown)"
  }

  private var timelineSection: Markup {
    if timeline.isEmpty {
      return Shown.empty("What was written for this person would appear here. The journal has no rows for this key.")
    }
    let all = Address.page("/history", ["directory": directory, "key": key])
    let more: Markup = hasMore ? "<p><a href=\"\(exact: all)\">The whole history of this person</a></p>\n" : ""
    return "\(JournalList(rows: timeline, frame: frame, showsPerson: false).markup)\(more)"
  }
}
