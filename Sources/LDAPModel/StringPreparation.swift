// No library but Foundation has public API for canonical composition, and this target does not use Foundation, which
// itself uses this one.
@_spi(_Unicode) internal import Swift

/// Makes equivalent texts equal octets, as RFC 4518 prepares strings for comparison.
///
/// Steps: all white space becomes SPACE (section 2.2), case is folded, the canonical composition is applied (section
/// 2.3), and insignificant spaces are removed (section 2.6). Two steps are omitted on purpose: dropping invisible
/// characters and the *compatibility* composition. Servers differ there, and a server that considers two values equal
/// refuses the second; treating two people as one because of a joiner in a name could not be repaired.
enum StringPreparation {
  enum Spaces {
    /// No spaces at the ends, single spaces elsewhere (section 2.6.1).
    case squeezed
    /// No spaces (section 2.6.2).
    case removed
    /// Neither spaces nor hyphens (section 2.6.3).
    case removedWithHyphens
  }

  static func prepare(_ bytes: [UInt8], foldingCase: Bool, _ spaces: Spaces) -> [UInt8] {
    var isASCII = true
    var isPrepared = true
    var previous = ASCII.space
    for octet in bytes {
      if octet >= 0x80 {
        isASCII = false
        break
      }
      if isWhiteSpace(octet) {
        if octet != ASCII.space || previous == ASCII.space || spaces != .squeezed { isPrepared = false }
      } else if foldingCase && octet.isASCIIUppercase {
        isPrepared = false
      } else if spaces == .removedWithHyphens && octet == ASCII.hyphen {
        isPrepared = false
      }
      previous = octet
    }
    if isASCII {
      if isPrepared && (bytes.isEmpty || previous != ASCII.space) { return bytes }
      return prepareASCII(bytes, foldingCase: foldingCase, spaces)
    }
    let canonical = String(validating: bytes, as: UTF8.self).map { compose($0, foldingCase, spaces) }
    return prepareASCII(canonical ?? bytes, foldingCase: foldingCase, spaces)
  }

  /// Folds and removes ASCII characters and keeps all others.
  private static func prepareASCII(_ bytes: [UInt8], foldingCase: Bool, _ spaces: Spaces) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(bytes.count)
    var hasPendingSpace = false
    for octet in bytes {
      if isWhiteSpace(octet) {
        hasPendingSpace = spaces == .squeezed && !out.isEmpty
        continue
      }
      if spaces == .removedWithHyphens && octet == ASCII.hyphen { continue }
      if hasPendingSpace {
        out.append(ASCII.space)
        hasPendingSpace = false
      }
      out.append(foldingCase ? octet.asciiLowercased : octet)
    }
    return out
  }

  /// SPACE, and TAB to CR, which section 2.2 maps to it.
  private static func isWhiteSpace(_ octet: UInt8) -> Bool {
    octet == ASCII.space || 0x09...0x0D ~= octet
  }

  /// Converts white space and, if they are to be removed, hyphens to ASCII; folds case; applies NFC.
  private static func compose(_ text: String, _ foldingCase: Bool, _ spaces: Spaces) -> [UInt8] {
    var mapped = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar.value {
      case 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000: mapped.append(" ")
      case 0x58A, 0x2010, 0x2011, 0x2212, 0xFE63, 0xFF0D:
        mapped.append(spaces == .removedWithHyphens ? "-" : scalar)
      default: mapped.append(scalar)
      }
    }
    let folded = foldingCase ? String(mapped).lowercased() : String(mapped)
    var out: [UInt8] = []
    for scalar in folded._nfc { out.append(contentsOf: scalar.utf8) }
    return out
  }
}
