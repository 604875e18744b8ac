/// Base64 as used by LDIF (RFC 4648 section 4), without line breaks.
package enum Base64 {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  package static func encode(_ bytes: [UInt8]) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      var bits = group.reduce(0) { $0 << 8 | Int($1) }
      bits <<= 8 * (3 - group.count)
      for place in 0..<4 {
        out.append(place <= group.count ? alphabet[bits >> (18 - 6 * place) & 63] : ASCII.equals)
      }
    }
    return out
  }

  /// Nil for invalid base64: other characters, a wrong length, or nonzero trailing bits.
  package static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
    guard text.count % 4 == 0 else { return nil }
    var out: [UInt8] = []
    out.reserveCapacity(text.count / 4 * 3)
    var bits = 0
    var digits = 0
    var padding = 0
    for octet in text {
      if octet == ASCII.equals {
        padding += 1
        continue
      }
      guard padding == 0, let digit = digit(octet) else { return nil }
      bits = bits << 6 | digit
      digits += 1
      if digits % 4 == 0 {
        out += [UInt8(bits >> 16), UInt8(bits >> 8 & 0xFF), UInt8(bits & 0xFF)]
        bits = 0
      }
    }
    switch (digits % 4, padding) {
    case (0, 0): return out
    case (3, 1) where bits & 3 == 0: return out + [UInt8(bits >> 10), UInt8(bits >> 2 & 0xFF)]
    case (2, 2) where bits & 15 == 0: return out + [UInt8(bits >> 4)]
    default: return nil
    }
  }

  private static func digit(_ octet: UInt8) -> Int? {
    switch octet {
    case 0x41...0x5A: Int(octet) - 0x41
    case 0x61...0x7A: Int(octet) - 0x61 + 26
    case 0x30...0x39: Int(octet) - 0x30 + 52
    case ASCII.plus: 62
    case 0x2F: 63
    default: nil
    }
  }
}
