package import LDAPModel
internal import Postgres

/// Selects rows of the journal.
package struct HistoryFilter: Sendable {
  /// The start of the period.
  package enum Since: Sendable, Equatable {
    /// This long ago, by the database's clock.
    case ago(Duration)
    /// A time in ISO 8601; in UTC unless it specifies a time zone.
    case time(String)
  }

  package var key: String?
  /// Rows that name this entry, before or after a rename, in any spelling.
  package var dn: DistinguishedName?
  /// The source's transaction.
  package var xid: UInt64?
  package var since: Since?
  /// Nil for all.
  package var actions: [String]?
  /// Only rows with a greater id.
  package var after: Int?

  package init() {}

  /// Compares names without a server's schema: ignoring case and insignificant blanks.
  private static let plain = Schema(attributeTypes: [], objectClasses: [])

  /// Whether a row that passes ``conditions(_:)`` is selected.
  func matches(_ row: HistoryRow) -> Bool {
    guard let dn else { return true }
    return [row.dn, row.newDN].contains {
      $0.map { DistinguishedName(unchecked: $0).isEquivalent(to: dn, HistoryFilter.plain) } ?? false
    }
  }

  /// Conditions in SQL; appends their parameters to the existing ones.
  func conditions(_ parameters: inout [String?]) -> [String] {
    func parameter(_ text: String) -> String {
      parameters.append(text)
      return "$\(parameters.count)"
    }
    var conditions: [String] = []
    if let key { conditions.append("key = \(parameter(key))") }
    if let after { conditions.append("id > \(after)") }
    if let xid {
      // As the indexes journal_range and journal_others have it.
      conditions.append("(xid::text::bigint = \(xid) OR others IS NOT NULL AND '\(xid)' = ANY (others))")
    }
    switch since {
    case .ago(let span):
      conditions.append("at >= now() - \(parameter("\(span / .seconds(1))"))::float8 * interval '1 s'")
    case .time(let time): conditions.append("at >= \(parameter(time))::timestamptz")
    case nil: break
    }
    if let actions { conditions.append("action = ANY (\(parameter(SQLText.array(actions)))::text[])") }
    if let dn {
      guard let fragment = HistoryFilter.fragment(of: dn) else { return conditions + ["dn IS NOT NULL"] }
      let pattern = parameter("%\(fragment)%")
      let whole = HistoryFilter.wholeValue(of: dn).map { parameter("%=\($0),%") }
      let tests = ["dn", "new_dn"].map { column in
        let plain = "translate(lower(\(column) COLLATE \"C\"), '+; ', ',,') || ','"
        let isEqual = whole.map { " AND \(plain) LIKE \($0)" } ?? ""
        // If a character can be written in another way, the program compares the names itself.
        return """
          lower(\(column) COLLATE "C") LIKE \(pattern)\(isEqual) OR \(column) COLLATE "C" ~ '[^] -!$-[^-~]'
          """
      }
      conditions.append("(\(tests.joined(separator: " OR ")))")
    }
    return conditions
  }

  /// The longest run of letters and digits in the name's first value, which every spelling contains.
  private static func fragment(of dn: DistinguishedName) -> String? {
    let value = dn.first?.parts.first?.value.text ?? ""
    let pieces = value.utf8.split { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: false
      default: true
      }
    }
    return pieces.max { $0.count < $1.count }.map { String(decoding: $0, as: UTF8.self).lowercased() }
  }

  /// The name's first value in lower case and without blanks, as a pattern; nil if it needs escapes in a DN.
  ///
  /// A short one is in many names, and only the rows that have it as a whole value need a closer look.
  private static func wholeValue(of dn: DistinguishedName) -> String? {
    let value = (dn.first?.parts.first?.value.text ?? "").lowercased().filter { $0 != " " }
    let isPlain = value.utf8.allSatisfy { byte in
      switch byte {
      case 0x30...0x39, 0x61...0x7A: true
      default: "-_.@/:'()!$&*=?~".utf8.contains(byte)
      }
    }
    return value.isEmpty || !isPlain ? nil : value.replacing("_", with: "\\_")
  }
}
