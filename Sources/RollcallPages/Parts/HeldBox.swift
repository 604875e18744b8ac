/// Everything that is held in one directory, to be approved as exactly this set.
struct HeldBox {
  private typealias Item = WaitingPage.Held.Item

  var held: WaitingPage.Held
  var frame: Frame
  var isMixed: Bool

  /// So many are shown at once.
  private static let first = 10

  var markup: Markup {
    let count = held.items.count
    let what = Shown.actions(held.items.map(\.action))
    let place: Markup? = isMixed ? " <span class=\"quiet\">in \(held.directory)</span>" : nil
    let ldif: Markup? = held.ldif.map { Shown.ldif($0, "What would be written, as LDIF") }
    return """
      <article class="box trouble" id="set-\(exact: held.set)">
      <h3>\(what) \(plural(count, "waits", "wait")) for your decision\(place)</h3>
      <p class="sub">\(share)\(age)</p>
      \(causes)\(table(held.items.prefix(HeldBox.first), caption: "The first \(min(count, HeldBox.first).grouped) of \(count.grouped)"))
      \(rest)\(ldif)\(approval)</article>

      """
  }

  private var share: Markup {
    guard let managed = held.managed, managed > 0 else { return "" }
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
    return Table(
      caption: caption, columns: columns,
      rows: items.map { item in
        [Shown.person(item.key, held.directory), Shown.name(item.dn)] + (isMixed ? ["\(item.action)"] : [])
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
    guard frame.hasActions else {
      let command = held.set.shellWord.map { Shown.command("rollcall release --set \($0)") }
      return "<p class=\"fix\"><span>To approve \(plural(count, "it", "them"))</span> \(command)</p>\n"
    }
    return Form(
      path: "/waiting/release", frame: frame, directory: held.directory, fields: [("set", held.set)],
      inputs: Form.field("Because", "because", placeholder: "for the journal"),
      button: HeldBox.button(held.items.map(\.action)), style: .danger, count: count
    ).markup
  }
}
