public import LDAPModel
internal import PlainText

/// A row's primary key, as PostgreSQL prints it.
///
/// Two keys are one if they have the same octets, as PostgreSQL's `=` has it. Swift's `String` compares by canonical
/// equivalence instead: it takes `é` as one scalar and `e` with a combining accent for the same person.
public struct RosterKey: Hashable, Comparable, Sendable, ExpressibleByStringInterpolation, CustomStringConvertible {
  public let text: String

  public init(_ text: String) { self.text = text }
  public init(stringLiteral text: String) { self.text = text }

  public var description: String { text }

  /// The key as a sentence has it: between quotation marks where it could be taken for something else, or not be seen.
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

  /// Eight octets at a time; the last word carries their number.
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
  /// The key as a link carries it.
  public init(_ key: RosterKey) { self.init(key.text) }
}

extension RosterKey: Codable {
  public init(from decoder: any Decoder) throws { try self.init(String(from: decoder)) }
  public func encode(to encoder: any Encoder) throws { try text.encode(to: encoder) }
}
