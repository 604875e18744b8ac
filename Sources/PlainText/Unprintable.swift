extension Unicode.Scalar {
  /// Whether the character could make a text appear as another one on a terminal or to a reader: control characters,
  /// line and paragraph separators, and invisible characters such as bidirectional marks and zero-width joiners.
  /// Variation selectors, which are part of Japanese names, are not included.
  public var isUnprintable: Bool {
    if value < 0x7F { return value < 0x20 }
    if (0xFE00...0xFE0F).contains(value) || (0xE0100...0xE01EF).contains(value) { return false }
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: return true
    default: return properties.isDefaultIgnorableCodePoint
    }
  }

  /// `\u001b`; a surrogate pair beyond the basic plane, as in JSON (RFC 8259, section 7).
  public var utf16Escape: String {
    UTF16.encode(self).map { [UInt16]($0) }?.map { unit in
      let digits = String(unit, radix: 16)
      return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }.joined() ?? ""
  }
}

extension String {
  /// The text with unprintable characters escaped, without quotes: for lines that people read.
  public var printable: String {
    guard unicodeScalars.contains(where: \.isUnprintable) else { return self }
    return unicodeScalars.map { $0.isUnprintable ? $0.utf16Escape : String($0) }.joined()
  }
}
