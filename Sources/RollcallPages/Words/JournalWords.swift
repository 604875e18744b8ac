/// A row of the journal in words.
struct JournalWords {
  private let row: JournalRow

  init(_ row: JournalRow) { self.row = row }

  /// Nothing where it went as it should.
  var mark: Mark? {
    switch row.outcome {
    case "done": row.action == "park" ? .error : row.action == "hold" ? .wait : nil
    case "refused": .error
    default: .wait
    }
  }

  /// `updated mail and sn`, `refused: created`
  var summary: Markup {
    switch row.outcome {
    case "refused": return "<b class=\"bad\">refused</b> to \(infinitive)\(attributes)"
    case "intended": return "about to \(infinitive)\(attributes)"
    case "unknown": return "<b class=\"warn\">outcome unknown</b>: \(infinitive)\(attributes)"
    default: return "\(past)\(attributes)"
    }
  }

  /// What a server or a rule has said.
  var message: Markup? {
    guard let message = row.message else { return nil }
    let code: Markup? = row.code.map { " <span class=\"quiet\">(LDAP result \(digits: $0))</span>" }
    return "<p class=\"message\">\(message)\(code)</p>\n"
  }

  private var attributes: Markup {
    if let name = row.newDN { return " to <code>\(JournalWords.firstPart(name))</code>" }
    let names = row.changes?.map(\.attribute) ?? []
    guard row.action == "update", !names.isEmpty else { return "" }
    let shown = names.prefix(4).map { name -> Markup in " <code>\(name)</code>" }
    let more: Markup = names.count > 4 ? " and \((names.count - 4).grouped) more" : ""
    return "\(shown)\(more)"
  }

  /// `uid=ada` of a DN: what tells it from its neighbours.
  static func firstPart(_ dn: String) -> String {
    var isEscaped = false
    let part = dn.unicodeScalars.prefix { scalar in
      if isEscaped {
        isEscaped = false
        return true
      }
      isEscaped = scalar == "\\"
      return scalar != ","
    }
    return String(String.UnicodeScalarView(part))
  }

  private static let words: [String: (past: String, infinitive: String)] = [
    "create": ("created", "create"), "update": ("updated", "update"), "rename": ("renamed", "rename"),
    "move": ("moved", "move"), "disable": ("disabled", "disable"), "enable": ("enabled", "enable"),
    "delete": ("deleted", "delete"), "temporary-rename": ("moved out of the way", "move out of the way"),
    "remove-twin": ("removed a duplicate", "remove a duplicate"), "adopt": ("adopted", "adopt"),
    "password": ("set the first password", "set the first password"), "join": ("joined a group", "join a group"),
    "leave": ("left a group", "leave a group"), "follow": ("renamed in a group", "rename in a group"),
    "refer": ("changed whom the group refers to", "change whom the group refers to"),
    "make-group": ("made the group", "make the group"), "drop-group": ("dropped the group", "drop the group"),
    "make-container": ("made the container", "make the container"), "park": ("parked", "park"),
    "hold": ("held for a decision", "hold"), "release": ("approved", "approve"),
    "retry": ("released for a retry", "retry"),
    "pin": ("pinned", "pin"), "unpin": ("unpinned", "unpin"), "undo": ("undone", "undo"),
    "erase": ("values erased from the journal", "erase values"),
  ]

  private var past: String { JournalWords.words[row.action]?.past ?? row.action }
  private var infinitive: String { JournalWords.words[row.action]?.infinitive ?? row.action }
}
