internal import PlainText

/// The length of the well-formed UTF-8 sequence that starts at `index`, 0 if there is none (Unicode chapter 3, table
/// 3-7: no overlong forms, no surrogates, nothing above U+10FFFF).
func wellFormedLength(_ bytes: [UInt8], at index: Int) -> Int {
  let lead = bytes[index]
  let length: Int
  var second: ClosedRange<UInt8> = 0x80...0xBF
  switch lead {
  case 0x00...0x7F: return 1
  case 0xC2...0xDF: length = 2
  case 0xE0:
    length = 3
    second = 0xA0...0xBF
  case 0xED:
    length = 3
    second = 0x80...0x9F
  case 0xE1...0xEF: length = 3
  case 0xF0:
    length = 4
    second = 0x90...0xBF
  case 0xF1...0xF3: length = 4
  case 0xF4:
    length = 4
    second = 0x80...0x8F
  default: return 0
  }
  guard index + length <= bytes.count, second ~= bytes[index + 1] else { return 0 }
  for offset in 2..<max(length, 2) where !(0x80...0xBF ~= bytes[index + offset]) { return 0 }
  return length
}

/// The text on one line, for people: see ``appendReadable(_:to:)``.
func readable(_ text: String) -> String {
  let octets = text.utf8Span.span
  guard octets.indices.contains(where: { octets[$0].isASCIIControl || octets[$0] >= 0x80 }) else { return text }
  var out: [UInt8] = []
  appendReadable(Array(text.utf8), to: &out)
  return String(decoding: out, as: UTF8.self)
}

/// Appends text unchanged, and as `\xx` the octets of ill-formed sequences and of characters that are invisible or
/// control a terminal (``Swift/Unicode/Scalar/isUnprintable``).
func appendReadable(_ bytes: [UInt8], to out: inout [UInt8]) {
  var index = 0
  while index < bytes.count {
    let length = wellFormedLength(bytes, at: index)
    let sequence = bytes[index..<index + max(length, 1)]
    if length == 0 || String(decoding: sequence, as: UTF8.self).unicodeScalars.contains(where: \.isUnprintable) {
      for octet in sequence { out.appendEscape(of: octet) }
    } else {
      out.append(contentsOf: sequence)
    }
    index += sequence.count
  }
}
