/// Everything that is held in one directory, to be approved as exactly this set.
struct HeldBox {
  private typealias Item = WaitingPage.Held.Item

  var held: WaitingPage.Held
  var frame: Frame
  var isMixed: Bool

  /// So many are shown at once.
  private static let first = 10

  var markup: Markup {
    let count = held.total
    let number = DirectorySummary.number(count)
    let what =
      held.set == nil
      ? "\(number.prefix(1).uppercased() + number.dropFirst()) removals" : Shown.actions(held.items.map(\.action))
    let place: Markup? = isMixed ? " <span class=\"quiet\">in \(held.directory)</span>" : nil
    let ldif: Markup? = held.ldif.map { Shown.ldif($0, "What would be written, as LDIF") }
    return """
      <article class="box trouble" id="set-\(exact: held.set ?? held.directory)">
      <h3>\(what) \(plural(count, "waits", "wait")) for your decision\(place)</h3>
      <p class="sub">\(share)\(age)</p>
      \(causes)\(single.form)\(table(held.items.prefix(HeldBox.first), caption: caption))
      \(rest)\(ldif)\(approval)</article>

      """
  }

  private var caption: String {
    "The first \(min(held.total, HeldBox.first).grouped) of \(DirectorySummary.number(held.total))"
  }

  /// Decides about one of them alone.
  private var single: RowActions {
    RowActions(
      id: "held-\(held.directory)", frame: frame, directory: held.directory,
      reason: "Because, to decide about one alone")
  }

  private func buttons(_ item: Item) -> Markup {
    let what = PersonActions.noun(item.action)
    let approve = RowActions.Button(
      path: "/waiting/release", text: "Approve", label: "Approve only the \(what) of \(item.key)")
    // A group is held by its name, and is nobody who could be pinned.
    if item.key.lowercased() == item.dn.lowercased() { return single.cell(item.key, [approve]) }
    let pin = RowActions.Button(path: "/people/pin", text: "Pin", label: "Pin \(item.key)")
    return single.cell(item.key, [approve, pin])
  }

  private var share: Markup {
    guard let managed = held.managed, managed > 0, held.set != nil else { return "" }
    let part = percentage(held.items.count, of: managed)
    return "<b>\(part)</b> of \(counted(managed, "managed entry", "managed entries")) · "
  }

  private var age: Markup {
    let since = held.items.compactMap(\.since).min()
    return "held since \(Shown.time(since, frame.now))"
  }

  /// Each reason with its number, the most frequent first.
  private var causes: Markup {
    let reasons = Dictionary(grouping: held.items) { $0.reason ?? "" }.sorted {
      ($1.value.count, $0.key) < ($0.value.count, $1.key)
    }
    if reasons.count == 1, let reason = reasons.first?.key {
      return reason.isEmpty ? "" : "<p>Because \(reason).</p>\n"
    }
    let items = reasons.prefix(20).map { reason, items -> Markup in
      "<li>\(items.count.grouped): \(reason.isEmpty ? "the reason was not recorded" : "because \(reason)")</li>\n"
    }
    return "<ul>\n\(items)</ul>\n"
  }

  private func table(_ items: some Collection<WaitingPage.Held.Item>, caption: String) -> Markup {
    var columns: [Table.Column] = [.init("Person", isHeading: true), .init("Entry", isHeading: true)]
    // Where it is the same for all, the heading has said it.
    let isMixed = Set(held.items.map(\.action)).count > 1
    if isMixed { columns.append(.init("What")) }
    if frame.hasActions { columns.append(.init("", isHeading: true)) }
    return Table(
      caption: caption, columns: columns,
      rows: items.map { item in
        [Shown.person(item.key, held.directory), Shown.name(item.dn)] + (isMixed ? ["\(item.action)"] : [])
          + (frame.hasActions ? [buttons(item)] : [])
      }
    ).markup
  }

  private var rest: Markup {
    let rest = held.items.dropFirst(HeldBox.first)
    if rest.isEmpty { return "" }
    return """
      <details class="fold"><summary>Show the other \(rest.count.grouped)</summary>
      \(table(rest, caption: "The others"))
      </details>

      """
  }

  /// `Approve these 81 deletions`, `Approve these 3: 2 deletions and 1 takeover`
  static func button(_ actions: [String]) -> String {
    let what = Shown.actions(actions)
    if actions.count == 1 { return "Approve this \(PersonActions.noun(actions[0]))" }
    return Set(actions).count == 1 ? "Approve these \(what)" : "Approve these \(actions.count.grouped): \(what)"
  }

  private var approval: Markup {
    let count = held.items.count
    guard let set = held.set else {
      return """
        <p>These are too many for a page. \(Shown.shell("status", held.directory, frame)) gives the id of the set, \
        and \(Shown.shell("release --set ID", held.directory, frame)) approves it.</p>

        """
    }
    guard frame.hasActions else {
      let command = set.shellWord.map { Shown.shell("release --set \($0)", held.directory, frame) }
      return "<p class=\"fix\"><span>To approve \(plural(count, "it", "them"))</span> \(command)</p>\n"
    }
    return Form(
      path: "/waiting/release", frame: frame, directory: held.directory, fields: [("set", set)],
      inputs: Form.field("Because", "because", placeholder: "for the journal"),
      button: HeldBox.button(held.items.map(\.action)), style: .danger, count: count
    ).markup
  }
}
