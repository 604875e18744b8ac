/// Parses RFC 4514 and, as its section 2.4 and RFC 2253 section 4 allow, the older forms too: `;` for `,`, spaces
/// around separators, quoted values, `OID.` before an object identifier.
struct DistinguishedNameParser {
  private let text: String
  private let bytes: [UInt8]
  private var position = 0

  init(_ text: String) {
    self.text = text
    bytes = Array(text.utf8)
  }

  /// The relative names, leaf first.
  mutating func names() throws(InvalidName) -> [RelativeDistinguishedName] {
    skipSpaces()
    guard current != nil else { return [] }
    var names: [RelativeDistinguishedName] = []
    while true {
      var parts = [try part()]
      while current == ASCII.plus {
        position += 1
        parts.append(try part())
      }
      names.append(RelativeDistinguishedName(parts))
      guard let octet = current else { return names }
      guard octet == ASCII.comma || octet == ASCII.semicolon else {
        throw invalid("a comma is missing")
      }
      position += 1
    }
  }

  private mutating func part() throws(InvalidName) -> RelativeDistinguishedName.Part {
    skipSpaces()
    let start = position
    while let octet = current, octet.isNameCharacter { position += 1 }
    guard position > start else { throw invalid("an attribute's name is missing") }
    var type = bytes[start..<position]
    if type.count > 4, type.prefix(4).map(\.asciiLowercased) == Array("oid.".utf8) {
      type = type.dropFirst(4)
    }
    skipSpaces()
    guard current == ASCII.equals else { throw invalid("= is missing after the attribute's name") }
    position += 1
    skipSpaces()
    let isBER = current == ASCII.hash
    let value =
      switch current {
      case ASCII.hash: try hexadecimalString()
      case ASCII.quote: try quoted()
      default: try plain()
      }
    return .init(
      type: String(decoding: type, as: UTF8.self), value: AttributeValue(bytes: value), isBER: isBER)
  }

  /// `#` and pairs of hexadecimal digits.
  private mutating func hexadecimalString() throws(InvalidName) -> [UInt8] {
    position += 1
    var value: [UInt8] = []
    while let octet = hexadecimalPair(at: position) {
      value.append(octet)
      position += 2
    }
    guard !value.isEmpty else { throw invalid("# needs pairs of hexadecimal digits") }
    skipSpaces()
    return value
  }

  private mutating func quoted() throws(InvalidName) -> [UInt8] {
    position += 1
    var value: [UInt8] = []
    while let octet = current {
      position += 1
      switch octet {
      case ASCII.quote:
        skipSpaces()
        return value
      case ASCII.backslash: value.append(try escaped())
      case ASCII.null: throw invalid("NUL has to be escaped")
      default: value.append(octet)
      }
    }
    throw invalid("the closing quote is missing")
  }

  private mutating func plain() throws(InvalidName) -> [UInt8] {
    var value: [UInt8] = []
    var significant = 0  // trailing spaces count only when escaped
    while let octet = current {
      switch octet {
      case ASCII.comma, ASCII.semicolon, ASCII.plus:
        return Array(value[..<significant])
      case ASCII.backslash:
        position += 1
        value.append(try escaped())
        significant = value.count
        continue
      case ASCII.quote, ASCII.less, ASCII.greater, ASCII.null:
        throw invalid("this character has to be escaped")
      default:
        value.append(octet)
        if octet != ASCII.space { significant = value.count }
      }
      position += 1
    }
    return Array(value[..<significant])
  }

  /// The octet after a backslash.
  private mutating func escaped() throws(InvalidName) -> UInt8 {
    if let octet = hexadecimalPair(at: position) {
      position += 2
      return octet
    }
    switch current {
    case let octet? where DistinguishedNameParser.mayBeEscaped.contains(octet):
      position += 1
      return octet
    default: throw invalid("a special character or two hexadecimal digits must follow the backslash")
    }
  }

  private static let mayBeEscaped = Array(" \"#+,;<=>\\".utf8)

  private func hexadecimalPair(at index: Int) -> UInt8? {
    guard index + 1 < bytes.count, let high = bytes[index].hexadecimalValue,
      let low = bytes[index + 1].hexadecimalValue
    else { return nil }
    return high << 4 | low
  }

  private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipSpaces() {
    while current == ASCII.space { position += 1 }
  }

  private func invalid(_ reason: String) -> InvalidName {
    InvalidName(text: text, offset: position, reason: reason)
  }
}
