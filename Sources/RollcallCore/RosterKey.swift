public import LDAPModel
internal import PlainText

/// A row's primary key, as PostgreSQL prints it.
///
/// Two keys are equal if they have the same octets, as in PostgreSQL's `=`. Swift's `String` compares by canonical
/// equivalence instead: it treats `é` as one scalar and `e` with a combining accent as equal.
public struct RosterKey: Hashable, Comparable, Sendable, ExpressibleByStringInterpolation, CustomStringConvertible {
  /// The maximum length of a key in characters (Unicode scalars): the ledger indexes keys, and an index row holds
  /// 2,700 octets.
  public static let longest = 500
  /// How much of a longer key is kept.
  public static let beginning = 200
  private static let tail = "… (a key of more than \(longest) characters)"

  public let text: String

  /// A longer text becomes its beginning and a note, which is never a row's key: see ``isTooLong``.
  public init(_ text: String) { self.text = RosterKey.bounded(text) }
  public init(stringLiteral text: String) { self.init(text) }

  private static func bounded(_ text: String) -> String {
    if text.utf8.count <= longest { return text }
    let scalars = text.unicodeScalars
    let isLonger = scalars.index(scalars.startIndex, offsetBy: longest + 1, limitedBy: scalars.endIndex) != nil
    if !isLonger { return text }
    return String(String.UnicodeScalarView(scalars.prefix(beginning))) + tail
  }

  /// Whether it stands for keys that exceed the maximum length and have the same beginning.
  public var isTooLong: Bool {
    let tail = RosterKey.tail.utf8
    return text.utf8.count > RosterKey.beginning && text.utf8.suffix(tail.count).elementsEqual(tail)
  }

  /// The common beginning of the keys that this one stands for.
  public var beginningOfLong: RosterKey {
    RosterKey(String(String.UnicodeScalarView(text.unicodeScalars.prefix(RosterKey.beginning))))
  }

  public var description: String { text }

  /// The key as it appears in a sentence: quoted if it could be misread or contains invisible characters.
  public var shown: String {
    let isPlain = text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
        UInt8(ascii: "@"), 0x80...:
        true
      default: false
      }
    }
    let isSeen = !text.isEmpty && !text.unicodeScalars.contains { $0.isUnprintable || $0.properties.isWhitespace }
    if isPlain, isSeen { return text.excerpt() }
    return "\"" + text.printable.excerpt().replacing("\"", with: "\\\"") + "\""
  }

  public static func == (one: RosterKey, other: RosterKey) -> Bool {
    one.text.utf8.count == other.text.utf8.count && one.text.utf8.elementsEqual(other.text.utf8)
  }

  public static func < (one: RosterKey, other: RosterKey) -> Bool {
    one.text.utf8.lexicographicallyPrecedes(other.text.utf8)
  }

  /// Hashes eight octets at a time; the last word carries their number.
  public func hash(into hasher: inout Hasher) {
    var word: UInt64 = 0
    var count = 0
    for byte in text.utf8 {
      word = word << 8 | UInt64(byte)
      count &+= 1
      if count & 7 == 0 { hasher.combine(word) }
    }
    hasher.combine(word)
    hasher.combine(count)
  }
}

extension AttributeValue {
  /// The key as a value of the link attribute.
  public init(_ key: RosterKey) { self.init(key.text) }
}

extension RosterKey: Codable {
  public init(from decoder: any Decoder) throws { try self.init(String(from: decoder)) }
  public func encode(to encoder: any Encoder) throws { try text.encode(to: encoder) }
}
