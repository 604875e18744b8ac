/// Rows of the journal, each with what was there before and after behind a fold.
struct JournalList {
  var rows: [JournalRow]
  var frame: Frame
  /// Whether each row names its person; not on the person's own page.
  var showsPerson = true
  /// Whether each row names its directory.
  var showsDirectory = false

  private var now: Moment { frame.now }

  var markup: Markup {
    let items = rows.map(item)
    return "<ol class=\"journal\(showsPerson ? "" : " alone")\">\n\(items)</ol>\n"
  }

  private func item(_ row: JournalRow) -> Markup {
    let words = JournalWords(row)
    let place: Markup? = showsDirectory ? " <span class=\"quiet\">\(row.directory)</span>" : nil
    let name: Markup? = row.dn.map { " <span class=\"quiet\">\(JournalWords.firstPart($0))</span>" }
    let who: Markup =
      showsPerson ? "<span class=\"who\"><code>\(row.key ?? "–")</code>\(name)\(place)</span>\n" : ""
    let lag: Markup? = row.lagMilliseconds.map { milliseconds in
      """
      <span class="lag" title="From the change of the row to the directory's answer">\(Span.precise(milliseconds / 1000))</span>
      """
    }
    return """
      <li><details id="row-\(digits: row.id)">
      <summary><span class="when">\(row.at.markup(now))</span>
      \(who)<span class="what">\(words.mark?.markup)\(words.summary)</span>\(lag)</summary>
      <div class="more">
      \(facts(row))\(words.message)\(changes(row))\(undo(row))</div>
      </details></li>

      """
  }

  private func facts(_ row: JournalRow) -> Markup {
    var facts: [(String, Markup)] = []
    if showsPerson, let key = row.key { facts.append(("Person", Shown.person(key, row.directory))) }
    if let dn = row.dn { facts.append((row.newDN == nil ? "Entry" : "Entry before", Shown.name(dn))) }
    if let dn = row.newDN { facts.append(("Entry after", Shown.name(dn))) }
    if let cause = row.cause { facts.append(("Found by", "\(cause)")) }
    if let xid = row.xid {
      let all: Markup = """
        <code>\(xid)</code> <a href="\(exact: Address.transaction(xid, row.directory))">All of this transaction</a>
        """
      facts.append(("Transaction", all))
    }
    if let actor = row.actor { facts.append(("By", "\(actor)")) }
    if let because = row.because { facts.append(("Because", "\(because)")) }
    facts.append(("Journal row", "<code>\(digits: row.id)</code>"))
    let list = facts.map { name, value -> Markup in "<div><dt>\(name)</dt><dd>\(value)</dd></div>\n" }
    return "<dl class=\"facts\">\n\(list)</dl>\n"
  }

  private func changes(_ row: JournalRow) -> Markup {
    guard let changes = row.changes, !changes.isEmpty else { return "" }
    let rows = changes.map { change -> [Markup] in
      if change.isErased { return ["<code>\(change.attribute)</code>", "values erased", ""] }
      return [
        "<code>\(change.attribute)</code>", JournalList.values(change.removed, "del"),
        JournalList.values(change.added, "ins"),
      ]
    }
    let table = Table(
      caption: "Values before and after",
      columns: [.init("Attribute", isHeading: true), .init("Before"), .init("After")], rows: rows)
    return "<div class=\"diff\">\(table.markup)</div>\n"
  }

  private static func values(_ values: [JournalRow.Value]?, _ element: Markup) -> Markup {
    guard let values else { return "<span class=\"quiet\">not kept</span>" }
    if values.isEmpty { return "<span class=\"quiet\">–</span>" }
    let shown = values.map { value -> Markup in
      switch value {
      case .text(let text): "<\(element)>\(text.isEmpty ? "(empty)" : text)</\(element)> "
      case .digest(let digest, let size):
        """
        <\(element)>\(counted(size, "octet")), SHA-256 \(String(digest.prefix(12)))…</\(element)>
        """
      case .hidden: "<span class=\"quiet\">hidden</span> "
      }
    }
    return "\(shown)"
  }

  private func undo(_ row: JournalRow) -> Markup {
    guard row.isUndoable else { return "" }
    return """
      <details class="fold undo"><summary>Undo this</summary>
      <p>Shows what would be written, and whether it can be:</p>
      <p>\(Shown.shell("undo \(row.id)", row.directory, frame))</p>
      <p>Writes it and pins the person until the row changes:</p>
      <p>\(Shown.shell("undo \(row.id) --apply --because 'why'", row.directory, frame))</p>
      </details>

      """
  }
}
