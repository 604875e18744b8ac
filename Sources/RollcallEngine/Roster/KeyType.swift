package import RollcallCore

/// The type of the roster's key: the valid keys, and their form in SQL.
package enum KeyType: Sendable, Equatable {
  case integer(sql: String, range: ClosedRange<Int>)
  case uuid
  case text

  /// The key type of a result column; nil for a type that cannot be a key.
  package init?(oid: UInt32) {
    switch oid {
    case 21: self = .integer(sql: "int2", range: Int(Int16.min)...Int(Int16.max))
    case 23: self = .integer(sql: "int4", range: Int(Int32.min)...Int(Int32.max))
    case 20: self = .integer(sql: "int8", range: Int.min...Int.max)
    case 2950: self = .uuid
    case 25, 1043: self = .text
    default: return nil
    }
  }

  /// The warning for keys that are text.
  static let textIsHeard =
    "the keys are text, and notifications carry them: every role that may connect to this database can read them "
    + "with LISTEN; use a key that reveals nothing about a person, or restrict who may connect"

  package var sql: String {
    switch self {
    case .integer(let sql, _): "pg_catalog." + sql
    case .uuid: "pg_catalog.uuid"
    case .text: "pg_catalog.text"
    }
  }

  /// The name of the type in messages.
  var name: String {
    switch self {
    case .integer(let sql, _): sql
    case .uuid: "uuid"
    case .text: "text"
    }
  }

  /// Whether keys of both types have the same spelling: an integer's width does not matter.
  func isLike(_ other: KeyType) -> Bool {
    switch (self, other) {
    case (.integer, .integer), (.uuid, .uuid), (.text, .text): true
    default: false
    }
  }

  /// Whether a row could have this key in exactly this spelling.
  ///
  /// A link in the directory may hold anything; asking the database for the integer `abc` would fail for all keys of
  /// the batch, and `007` would return the row of `7`, which is another person.
  package func admits(_ key: RosterKey) -> Bool {
    switch self {
    case .text: return !key.text.utf8.contains(0) && !key.isTooLong
    case .integer(_, let range):
      guard let number = Int(key.text) else { return false }
      return range.contains(number) && String(number) == key.text
    case .uuid:
      let bytes = Array(key.text.utf8)
      guard bytes.count == 36 else { return false }
      return bytes.enumerated().allSatisfy { index, byte in
        switch index {
        case 8, 13, 18, 23: byte == UInt8(ascii: "-")
        default:
          (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
        }
      }
    }
  }
}
