extension Unicode.Scalar {
  /// Whether a terminal, or a reader's eye, could take a text with it for another one: control characters, line and
  /// paragraph separators, and what is not seen although it is there, such as marks that turn the direction of writing
  /// and joiners of no width. Variation selectors, which belong to names in Japanese, are not among them.
  public var isUnprintable: Bool {
    if value < 0x7F { return value < 0x20 }
    if (0xFE00...0xFE0F).contains(value) || (0xE0100...0xE01EF).contains(value) { return false }
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: return true
    default: return properties.isDefaultIgnorableCodePoint
    }
  }

  /// `\u001b`; a pair of them beyond the basic plane, as JSON has it (RFC 8259, section 7).
  public var utf16Escape: String {
    UTF16.encode(self).map { [UInt16]($0) }?.map { unit in
      let digits = String(unit, radix: 16)
      return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }.joined() ?? ""
  }
}

extension String {
  /// The text with what is unprintable escaped, without quotes: for lines that people read.
  public var printable: String {
    guard unicodeScalars.contains(where: \.isUnprintable) else { return self }
    return unicodeScalars.map { $0.isUnprintable ? $0.utf16Escape : String($0) }.joined()
  }
}
