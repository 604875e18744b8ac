public import LDAPModel

/// Something that happened to a person's entry or memberships, as the journal stores it.
public struct JournalRow: Sendable, Equatable {
  /// How the operation ended.
  public enum Outcome: String, Sendable {
    /// The operation is about to be sent; a second row records its result.
    case intended
    case done
    case refused
    /// No answer was received.
    case unknown
  }

  /// The change of the source that caused it.
  public var origin = Origin()
  /// The row of the intent whose result this is.
  public var intent: Int?
  /// The entry's entryUUID, nsUniqueId or objectGUID.
  public var entryID: EntryID?
  public var code: Int32?
  public var key: RosterKey?
  /// `create`, `update`, `park` and so on.
  public var action: String
  public var outcome: Outcome
  public var cause: JournalCause?
  public var dn: String?
  /// After a rename.
  public var newDN: String?
  /// JSON: `{"mail": {"removed": ["a"], "added": ["b"]}}`.
  public var changes: String?
  public var message: String?
  public var actor: String?
  public var because: String?
  /// When the directory confirmed it.
  public var at: ContinuousClock.Instant

  public init(
    _ action: String, _ outcome: Outcome, key: RosterKey?, dn: String? = nil, at: ContinuousClock.Instant
  ) {
    self.action = action
    self.outcome = outcome
    self.key = key
    self.dn = dn
    self.at = at
  }
}

/// Why a key is worked on: the transactions of the source that have touched it, as far as they are known, and how
/// they became known.
public struct Origin: Sendable, Equatable {
  /// Transaction ids, the newest last; at most ``most``.
  public private(set) var transactions: [UInt64] = []
  /// When the first of them logged the key, in microseconds since 1970 by the database's clock; nil if only its
  /// notification was received.
  public private(set) var changedAt: Int64?
  /// Whether a notification has named the key, in addition to the log.
  public private(set) var isHeard = false
  /// Whether a person has approved the change.
  public var isReleased = false
  /// Whether a date of the row has passed.
  public var isDue = false
  /// Whether a row of another table has changed, which does not name the key but concerns it.
  public var isIndirect = false

  /// Transactions that are kept per key.
  public static let most = 8

  public init() {}

  public init(_ transaction: UInt64, at: Int64? = nil, isHeard: Bool = false) {
    transactions = [transaction]
    changedAt = at
    self.isHeard = isHeard
  }

  /// The origin of work on a row of which a date has passed.
  public static var due: Origin {
    var origin = Origin()
    origin.isDue = true
    return origin
  }

  /// Adds the transactions of another origin; if there are too many, the oldest are dropped.
  public mutating func merge(_ other: Origin) {
    for transaction in other.transactions where !transactions.contains(transaction) {
      transactions.append(transaction)
    }
    if transactions.count > 1 { transactions.sort() }
    if transactions.count > Origin.most { transactions.removeFirst(transactions.count - Origin.most) }
    isHeard = isHeard || other.isHeard
    isDue = isDue || other.isDue
    isIndirect = isIndirect || other.isIndirect
    isReleased = isReleased || other.isReleased
    if let other = other.changedAt { changedAt = min(changedAt ?? other, other) }
  }
}

extension Dialect {
  /// The id of an entry; nil if the server does not provide one.
  public func entryID(of entry: Entry) -> EntryID? { entry[identityAttribute].first.flatMap { EntryID($0) } }
}

/// The permanent id that a server gives an entry, as 32 hexadecimal digits.
public struct EntryID: Sendable, Equatable {
  public let text: String

  /// - Parameter value: an entryUUID, an nsUniqueId or the octets of an objectGUID ([MS-DTYP] 2.3.4.2); nil if it is
  ///   none of these.
  public init?(_ value: AttributeValue) {
    if value.bytes.count == 16 {
      // The first three fields are little-endian.
      let order = [3, 2, 1, 0, 5, 4, 7, 6] + Array(8..<16)
      text = order.map { EntryID.hex(value.bytes[$0]) }.joined()
      return
    }
    let digits = value.bytes.filter { $0 != UInt8(ascii: "-") }
    guard digits.count == 32, digits.allSatisfy(EntryID.isDigit) else { return nil }
    text = String(decoding: digits.map { (0x41...0x46).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
  }

  private static func hex(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }

  private static func isDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
    default: false
    }
  }
}
