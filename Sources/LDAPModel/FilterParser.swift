/// Parses RFC 4515, with the spaces between filters that libldap allows.
struct FilterParser {
  private let text: String
  private let bytes: [UInt8]
  private var position = 0

  /// Deeper than any real filter, and shallow enough for the stack.
  private static let deepest = 100

  init(_ text: String) {
    self.text = text
    bytes = Array(text.utf8)
  }

  mutating func wholeFilter() throws(InvalidFilter) -> Filter {
    skipSpaces()
    let result = current == ASCII.openParenthesis ? try filter(depth: 0) : try item()
    skipSpaces()
    guard current == nil else { throw invalid("the filter has ended") }
    return result
  }

  private mutating func filter(depth: Int) throws(InvalidFilter) -> Filter {
    guard depth < FilterParser.deepest else { throw invalid("the filter is nested too deeply") }
    guard current == ASCII.openParenthesis else { throw invalid("( is missing") }
    position += 1
    skipSpaces()
    let result: Filter
    switch current {
    case ASCII.ampersand:
      position += 1
      result = .and(try list(depth: depth + 1))
    case ASCII.pipe:
      position += 1
      result = .or(try list(depth: depth + 1))
    case 0x21:
      position += 1
      skipSpaces()
      result = .not(try filter(depth: depth + 1))
      skipSpaces()
    default:
      result = try item()
    }
    guard current == ASCII.closeParenthesis else { throw invalid(") is missing") }
    position += 1
    return result
  }

  private mutating func list(depth: Int) throws(InvalidFilter) -> [Filter] {
    var filters: [Filter] = []
    skipSpaces()
    while current == ASCII.openParenthesis {
      filters.append(try filter(depth: depth))
      skipSpaces()
    }
    return filters
  }

  private mutating func item() throws(InvalidFilter) -> Filter {
    let attribute = try description()
    switch current {
    case ASCII.equals:
      position += 1
      return try equality(attribute)
    case ASCII.greater: return .greaterOrEqual(attribute, try assertion(after: ">="))
    case ASCII.less: return .lessOrEqual(attribute, try assertion(after: "<="))
    case ASCII.tilde: return .approximate(attribute, try assertion(after: "~="))
    case ASCII.colon: return try extensible(attribute.isEmpty ? nil : attribute)
    default: throw invalid("=, >=, <=, ~= or := is missing")
    }
  }

  /// `attribute=` has been read: an equality, a presence or substrings.
  private mutating func equality(_ attribute: String) throws(InvalidFilter) -> Filter {
    guard !attribute.isEmpty else { throw invalid("an attribute's name is missing") }
    var pieces = [try value()]
    while current == ASCII.asterisk {
      position += 1
      pieces.append(try value())
    }
    if pieces.count == 1 { return .equal(attribute, pieces[0]) }
    if pieces.count == 2, pieces.allSatisfy(\.bytes.isEmpty) { return .present(attribute) }
    let any = pieces[1..<pieces.count - 1]
    guard !any.contains(where: \.bytes.isEmpty) else { throw invalid("nothing stands between two asterisks") }
    return .substrings(
      attribute, initial: pieces.first.flatMap { $0.bytes.isEmpty ? nil : $0 }, any: Array(any),
      final: pieces.last.flatMap { $0.bytes.isEmpty ? nil : $0 })
  }

  private mutating func extensible(_ attribute: String?) throws(InvalidFilter) -> Filter {
    var dn = false
    var rule: String?
    while current == ASCII.colon, following != ASCII.equals {
      position += 1
      let name = try description()
      guard !name.isEmpty, rule == nil else { throw invalid(":= is missing") }
      // `cn:dn:=x`: the flag; a rule may follow it but not precede it.
      if !dn, equalWithoutCase(name, "dn") { dn = true } else { rule = name }
    }
    let value = try assertion(after: ":=")
    guard attribute != nil || rule != nil else { throw invalid("an attribute or a matching rule is missing") }
    return .extensible(attribute, rule: rule, dn: dn, value)
  }

  /// An attribute description: name or object identifier, and options; empty if there is none.
  private mutating func description() throws(InvalidFilter) -> String {
    let start = position
    while let octet = current, octet.isNameCharacter || octet == ASCII.semicolon { position += 1 }
    guard start == position || bytes[start].isASCIILetter || bytes[start].isASCIIDigit else {
      throw invalid("this is no attribute's name")
    }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  /// The value after an operator of two characters.
  private mutating func assertion(after sign: StaticString) throws(InvalidFilter) -> AttributeValue {
    guard following == ASCII.equals else { throw invalid("\(sign) is expected") }
    position += 2
    let result = try value()
    guard current != ASCII.asterisk else { throw invalid("an asterisk has to be escaped here") }
    return result
  }

  /// Octets up to a parenthesis, an asterisk or the end.
  private mutating func value() throws(InvalidFilter) -> AttributeValue {
    var value: [UInt8] = []
    while let octet = current {
      switch octet {
      case ASCII.closeParenthesis, ASCII.asterisk: return AttributeValue(bytes: value)
      case ASCII.openParenthesis, ASCII.null: throw invalid("this character has to be escaped")
      case ASCII.backslash:
        guard position + 2 < bytes.count, let high = bytes[position + 1].hexadecimalValue,
          let low = bytes[position + 2].hexadecimalValue
        else { throw invalid("two hexadecimal digits must follow the backslash") }
        value.append(high << 4 | low)
        position += 3
      default:
        value.append(octet)
        position += 1
      }
    }
    return AttributeValue(bytes: value)
  }

  private var current: UInt8? { position < bytes.count ? bytes[position] : nil }
  private var following: UInt8? { position + 1 < bytes.count ? bytes[position + 1] : nil }

  private mutating func skipSpaces() {
    while current == ASCII.space { position += 1 }
  }

  private func invalid(_ reason: String) -> InvalidFilter {
    InvalidFilter(text: text, offset: position, reason: reason)
  }
}
