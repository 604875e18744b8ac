internal import PlainText
internal import RollcallAdministration
internal import RollcallCore

/// Formats rows of the journal as text: a line with columns, and below it the changes and their cause.
///
///     2026-11-27T02:10:04.512Z  1201  17  update  uid=ada,ou=users,dc=example,dc=com
///         mail: ada@example.com → countess@example.com
///         notification, transaction 741, 3.2 ms after the change
struct HistoryPage {
  /// The number of values of an attribute that are shown.
  private static let most = 10
  /// A wider key or name does not change the alignment of the other rows.
  private static let widest = 24

  private let colour: Colour
  /// The widths of the number, the key and the action: they never shrink from one page to the next.
  private var widths = [2, 3, 6]

  init(_ colour: Colour) { self.colour = colour }

  /// Formats some rows, in the given order.
  mutating func text(_ rows: [HistoryRow]) -> String {
    let cells = rows.map { ["\($0.id)", $0.key.map { RosterKey($0).shown } ?? "-", Self.what($0)] }
    for row in cells {
      for (index, cell) in row.enumerated() { widths[index] = max(widths[index], min(cell.count, Self.widest)) }
    }
    return zip(rows, cells).map { row, cells in
      let head = [row.at, cells[0].padded(widths[0]), cells[1].padded(widths[1])].joined(separator: "  ")
      let what = colour.paint(cells[2].padded(widths[2]), Self.tone(row))
      let names = [row.dn, row.newDN].compactMap { $0?.printable.excerpt() }.joined(separator: " → ")
      let details =
        Self.details(row).map { "    \($0)\n" } + Self.circumstances(row).map { colour.paint("    \($0)", .dim) + "\n" }
      return "\(head)  \(names.isEmpty ? what.trimmed : "\(what)  \(names)")\n" + details.joined()
    }.joined()
  }

  private static func what(_ row: HistoryRow) -> String {
    (row.outcome == "done" ? row.action : "\(row.action), \(row.outcome)").printable
  }

  private static func tone(_ row: HistoryRow) -> Colour.Tone? {
    if row.outcome == "refused" || row.outcome == "unknown" { return .red }
    return switch row.action {
    case "delete", "disable", "remove-twin": .red
    case "create", "enable", "adopt": .green
    case "park", "hold", "pin", "erase": .yellow
    default: .bold
    }
  }

  private static func details(_ row: HistoryRow) -> [String] {
    var lines = (row.changes ?? []).map { change in
      change.name.printable + (change.name.isEmpty ? "" : ": ") + Self.text(change)
    }
    if row.code != nil || row.message != nil {
      let code = row.code.map { "code \($0)" }
      lines.append([code, row.message?.excerpt(Excerpt.sentence)].compactMap { $0 }.joined(separator: ": ").printable)
    }
    if let because = row.because { lines.append("because: \(because.excerpt(Excerpt.sentence))".printable) }
    return lines
  }

  private static func text(_ change: AttributeChange) -> String {
    if change.isErased { return "(erased)" }
    switch (change.removed, change.added) {
    case (nil, nil): return "(values are not kept)"
    case (let removed?, let added?) where !removed.isEmpty && !added.isEmpty:
      return "\(list(removed)) → \(list(added))"
    case (let removed?, _) where !removed.isEmpty: return "\(list(removed)) removed"
    case (_, let added?) where !added.isEmpty: return "\(list(added)) added"
    default: return "unchanged"
    }
  }

  private static func list(_ values: [HistoryValue]) -> String {
    let shown = values.prefix(most).map { value in
      switch value {
      case .text(let text): isPlain(text) ? text.excerpt() : text.excerpt().quoted
      case .digest(let sha256, let size): "(\(size) octets, sha256 \(sha256.prefix(12).description.printable)…)"
      case .hidden: "(hidden)"
      }
    }.joined(separator: ", ")
    return values.count > most ? "\(shown) and \(values.count - most) more" : shown
  }

  /// Whether a value is unambiguous in a list.
  private static func isPlain(_ text: String) -> Bool {
    !text.isEmpty && text.first != " " && text.last != " "
      && !text.unicodeScalars.contains { $0.isUnprintable || ",→\"".unicodeScalars.contains($0) }
  }

  private static func circumstances(_ row: HistoryRow) -> [String] {
    var parts: [String] = []
    if let cause = row.cause { parts.append(cause) }
    if let xid = row.xid { parts.append("transaction \(xid)") }
    if let lag = row.lagMilliseconds { parts.append("\(lag) ms after the change") }
    if let intent = row.intent { parts.append("result of \(intent)") }
    if let actor = row.actor { parts.append("by \(actor)") }
    return parts.isEmpty ? [] : [parts.joined(separator: ", ").printable]
  }
}

extension String {
  /// The text without trailing blanks.
  fileprivate var trimmed: String {
    var text = self
    while text.last == " " { text.removeLast() }
    return text
  }
}
