package import LDAPModel
internal import Postgres

/// Which rows of the journal are wanted.
package struct HistoryFilter: Sendable {
  /// From when on.
  package enum Since: Sendable, Equatable {
    /// This long ago, by the database's clock.
    case ago(Duration)
    /// A time as ISO 8601 has it; in UTC unless it says otherwise.
    case time(String)
  }

  package var key: String?
  /// Rows that name this entry, before or after a rename, however the name is spelled.
  package var dn: DistinguishedName?
  /// The source's transaction.
  package var xid: UInt64?
  package var since: Since?
  /// Nil for all.
  package var actions: [String]?

  package init() {}

  /// Compares names without a server's schema: without case, and without blanks that mean nothing.
  private static let plain = Schema(attributeTypes: [], objectClasses: [])

  /// Whether a row is wanted of those that ``conditions(_:)`` lets pass.
  func matches(_ row: HistoryRow) -> Bool {
    guard let dn else { return true }
    return [row.dn, row.newDN].contains {
      $0.map { DistinguishedName(unchecked: $0).isEquivalent(to: dn, HistoryFilter.plain) } ?? false
    }
  }

  /// Conditions of SQL, and their parameters behind those that are there already.
  func conditions(_ parameters: inout [String?]) -> [String] {
    func parameter(_ text: String) -> String {
      parameters.append(text)
      return "$\(parameters.count)"
    }
    var conditions: [String] = []
    if let key { conditions.append("key = \(parameter(key))") }
    if let xid { conditions.append("(xid = '\(xid)' OR '\(xid)' = ANY (others))") }
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
      let tests = ["dn", "new_dn"].map { column in
        // With a character that can stand for another one, the program looks itself.
        """
        lower(\(column) COLLATE "C") LIKE \(pattern) OR \(column) COLLATE "C" ~ '[^] -!$-[^-~]'
        """
      }
      conditions.append("(\(tests.joined(separator: " OR ")))")
    }
    return conditions
  }

  /// The longest piece of letters and digits in the name's first value: what each spelling of it has.
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
}
