/// A parsed definition of RFC 4512 section 4.1: `( oid KEYWORD value KEYWORD ( value $ value ) … )`.
///
/// Accepts deviations of servers: quotes around object identifiers and syntaxes (Active Directory), object
/// identifiers that are words (389 Directory Server), keywords in any order and case, unknown ones.
struct SchemaDefinition {
  let oid: String
  private var values: [String: [String]] = [:]
  private var flags: Set<String> = []

  private static let flagKeywords: Set = [
    "OBSOLETE", "SINGLE-VALUE", "COLLECTIVE", "NO-USER-MODIFICATION", "ABSTRACT", "STRUCTURAL", "AUXILIARY",
  ]
  private static let valueKeywords: Set = [
    "NAME", "DESC", "SUP", "EQUALITY", "ORDERING", "SUBSTR", "SYNTAX", "USAGE", "MUST", "MAY", "AUX",
  ]

  /// The values of a keyword, given in upper case; empty if it is absent.
  subscript(keyword: String) -> [String] { values[keyword] ?? [] }

  /// Whether a keyword without a value is present.
  func has(_ flag: String) -> Bool { flags.contains(flag) }

  private enum Token: Equatable {
    case open
    case close
    case dollar
    case word(String)
    case quoted(String)
  }

  /// Nil for an invalid definition.
  init?(parsing text: String) {
    guard let tokens = SchemaDefinition.tokens(Array(text.utf8)), tokens.first == .open else { return nil }
    switch tokens.dropFirst().first {
    case .word(let text)?, .quoted(let text)?: oid = text
    default: return nil
    }
    var rest = tokens.dropFirst(2)
    while let token = rest.popFirst() {
      switch token {
      case .close where rest.isEmpty: return
      case .word(let word):
        let keyword = String(decoding: word.utf8.map(\.asciiUppercased), as: UTF8.self)
        if SchemaDefinition.flagKeywords.contains(keyword) {
          flags.insert(keyword)
        } else if let found = SchemaDefinition.takeValues(
          from: &rest, wordsToo: SchemaDefinition.valueKeywords.contains(keyword))
        {
          values[keyword, default: []] += found
        } else {
          return nil
        }
      default: return nil
      }
    }
    return nil  // the closing parenthesis is missing
  }

  /// One value or a list in parentheses. After an unknown keyword, a bare word is the next keyword.
  private static func takeValues(from rest: inout ArraySlice<Token>, wordsToo: Bool) -> [String]? {
    switch rest.first {
    case .quoted(let text)?:
      rest.removeFirst()
      return [text]
    case .word(let text)?:
      guard wordsToo else { return [] }
      rest.removeFirst()
      return [text]
    case .open?:
      rest.removeFirst()
      var list: [String] = []
      while let token = rest.popFirst() {
        switch token {
        case .word(let text), .quoted(let text): list.append(text)
        case .dollar: continue
        case .close: return list
        case .open: return nil
        }
      }
      return nil
    default: return wordsToo ? nil : []
    }
  }

  private static func tokens(_ bytes: [UInt8]) -> [Token]? {
    var tokens: [Token] = []
    var index = 0
    while index < bytes.count {
      switch bytes[index] {
      case ASCII.space, 0x09...0x0D: index += 1
      case ASCII.openParenthesis:
        tokens.append(.open)
        index += 1
      case ASCII.closeParenthesis:
        tokens.append(.close)
        index += 1
      case ASCII.dollar:
        tokens.append(.dollar)
        index += 1
      case ASCII.apostrophe:
        guard let end = bytes[(index + 1)...].firstIndex(of: ASCII.apostrophe) else { return nil }
        tokens.append(.quoted(String(decoding: bytes[(index + 1)..<end], as: UTF8.self)))
        index = end + 1
      default:
        let end = bytes[index...].firstIndex(where: endsWord) ?? bytes.count
        tokens.append(.word(String(decoding: bytes[index..<end], as: UTF8.self)))
        index = end
      }
    }
    return tokens
  }

  private static func endsWord(_ octet: UInt8) -> Bool {
    switch octet {
    case ASCII.space, 0x09...0x0D, ASCII.dollar, ASCII.apostrophe: true
    case ASCII.openParenthesis, ASCII.closeParenthesis: true
    default: false
    }
  }
}
