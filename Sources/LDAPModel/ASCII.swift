/// Octets with a special meaning in the LDAP string formats.
enum ASCII {
  static let null: UInt8 = 0x00
  static let lineFeed: UInt8 = 0x0A
  static let carriageReturn: UInt8 = 0x0D
  static let space: UInt8 = 0x20
  static let exclamation: UInt8 = 0x21
  static let quote: UInt8 = 0x22
  static let hash: UInt8 = 0x23
  static let dollar: UInt8 = 0x24
  static let ampersand: UInt8 = 0x26
  static let apostrophe: UInt8 = 0x27
  static let openParenthesis: UInt8 = 0x28
  static let closeParenthesis: UInt8 = 0x29
  static let asterisk: UInt8 = 0x2A
  static let plus: UInt8 = 0x2B
  static let comma: UInt8 = 0x2C
  static let hyphen: UInt8 = 0x2D
  static let dot: UInt8 = 0x2E
  static let zero: UInt8 = 0x30
  static let colon: UInt8 = 0x3A
  static let semicolon: UInt8 = 0x3B
  static let less: UInt8 = 0x3C
  static let equals: UInt8 = 0x3D
  static let greater: UInt8 = 0x3E
  static let backslash: UInt8 = 0x5C
  static let underscore: UInt8 = 0x5F
  static let openBrace: UInt8 = 0x7B
  static let pipe: UInt8 = 0x7C
  static let tilde: UInt8 = 0x7E
}

extension UInt8 {
  /// The octet with A–Z converted to a–z.
  var asciiLowercased: UInt8 { isASCIIUppercase ? self | 0x20 : self }

  /// The octet with a–z converted to A–Z.
  var asciiUppercased: UInt8 { 0x61...0x7A ~= self ? self & 0xDF : self }

  var isASCIIUppercase: Bool { 0x41...0x5A ~= self }

  var isASCIILetter: Bool { 0x61...0x7A ~= (self | 0x20) }

  var isASCIIDigit: Bool { 0x30...0x39 ~= self }

  /// Control characters, including DEL.
  var isASCIIControl: Bool { self < 0x20 || self == 0x7F }

  /// The characters of an attribute's name or object identifier (RFC 4512 section 1.4, plus the underscore that
  /// servers allow).
  var isNameCharacter: Bool {
    isASCIILetter || isASCIIDigit || self == ASCII.hyphen || self == ASCII.dot || self == ASCII.underscore
  }

  /// The digit for a value below 16.
  var hexadecimalDigit: UInt8 { self < 10 ? ASCII.zero + self : 0x61 + self - 10 }

  /// The value of a hexadecimal digit, nil for any other octet.
  var hexadecimalValue: UInt8? {
    switch self {
    case 0x30...0x39: self - 0x30
    case 0x41...0x46: self - 0x41 + 10
    case 0x61...0x66: self - 0x61 + 10
    default: nil
    }
  }
}

extension [UInt8] {
  /// Appends `\xx`, the escape that distinguished names and filters share.
  mutating func appendEscape(of octet: UInt8) {
    append(ASCII.backslash)
    appendHexadecimal(octet)
  }

  /// Appends two lower-case hexadecimal digits.
  mutating func appendHexadecimal(_ octet: UInt8) {
    append((octet >> 4).hexadecimalDigit)
    append((octet & 0xF).hexadecimalDigit)
  }
}

/// Whether two names are equal except for the case of ASCII letters (attribute descriptions: RFC 4512 section 2.5).
func equalWithoutCase(_ one: String, _ other: String) -> Bool {
  guard one.utf8.count == other.utf8.count else { return false }
  let (one, other) = (one.utf8Span.span, other.utf8Span.span)
  for index in one.indices where one[index] != other[index] {
    guard one[index].asciiLowercased == other[index].asciiLowercased else { return false }
  }
  return true
}

/// The text with A–Z converted to a–z and all else unchanged.
func loweringASCII(_ text: String) -> String {
  let octets = text.utf8Span.span
  guard octets.indices.contains(where: { octets[$0].isASCIIUppercase }) else { return text }
  return String(decoding: text.utf8.map(\.asciiLowercased), as: UTF8.self)
}
