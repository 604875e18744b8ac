/// The name of an entry below its parent: one attribute value, rarely several (RFC 4514 section 2.2).
public struct RelativeDistinguishedName: Hashable, Sendable {
  /// One `type=value` of the name.
  public struct Part: Hashable, Sendable {
    /// An attribute's name or object identifier.
    public var type: String
    /// The value: octets of the attribute's LDAP encoding, or of BER if ``isBER`` is true.
    public var value: AttributeValue
    /// Whether the value was written as `#` and hexadecimal digits: the octets of its BER encoding.
    public var isBER: Bool

    public init(type: String, value: AttributeValue, isBER: Bool = false) {
      self.type = type
      self.value = value
      self.isBER = isBER
    }
  }

  /// At least one part; their order is preserved but has no meaning.
  public private(set) var parts: [Part]

  /// A name of several parts, at least one.
  public init(_ parts: [Part]) {
    precondition(!parts.isEmpty, "a relative distinguished name has at least one part")
    self.parts = parts
  }

  /// The usual name: one attribute, one value.
  public init(_ type: String, _ value: AttributeValue) {
    parts = [Part(type: type, value: value)]
  }

  /// Parses a name such as `uid=jdoe` or `cn=Doe+sn=J`.
  public init(parsing text: String) throws(InvalidName) {
    let names = try DistinguishedName(unchecked: text).relativeNames()
    guard names.count == 1 else {
      throw InvalidName(text: text, offset: 0, reason: "one relative name is expected, not \(names.count)")
    }
    self = names[0]
  }

  /// The text of RFC 4514 section 2.4, escaped.
  public var text: String {
    var out: [UInt8] = []
    append(to: &out)
    return String(decoding: out, as: UTF8.self)
  }

  /// Appends the text of RFC 4514.
  func append(to out: inout [UInt8]) {
    for (index, part) in parts.enumerated() {
      if index > 0 { out.append(ASCII.plus) }
      out.append(contentsOf: part.type.utf8)
      out.append(ASCII.equals)
      if part.isBER {
        out.append(ASCII.hash)
        for octet in part.value.bytes { out.appendHexadecimal(octet) }
      } else {
        appendEscaped(part.value.bytes, specialsAsPairs: false, to: &out)
      }
    }
  }
}

extension RelativeDistinguishedName: CustomStringConvertible {
  public var description: String { text }
}

/// Appends a value as RFC 4514 section 2.4 requires: specials after a backslash, and as `\xx` octets that are not
/// text, control characters, and spaces that would be lost at an end. With `specialsAsPairs` specials are `\xx` too.
func appendEscaped(_ bytes: [UInt8], specialsAsPairs: Bool, to out: inout [UInt8]) {
  var index = 0
  while index < bytes.count {
    let octet = bytes[index]
    switch octet {
    case ASCII.quote, ASCII.plus, ASCII.comma, ASCII.semicolon, ASCII.less, ASCII.greater, ASCII.backslash,
      ASCII.hash where index == 0:
      if specialsAsPairs {
        out.appendEscape(of: octet)
      } else {
        out.append(ASCII.backslash)
        out.append(octet)
      }
    // RFC 4514 does not require this; Samba treats it as the next type.
    case ASCII.equals where !specialsAsPairs:
      out.append(ASCII.backslash)
      out.append(octet)
    case ASCII.space where index == 0 || index == bytes.count - 1:
      out.appendEscape(of: octet)
    case _ where octet.isASCIIControl:
      out.appendEscape(of: octet)
    case 0x80...:
      let length = wellFormedLength(bytes, at: index)
      if length == 0 {
        out.appendEscape(of: octet)
      } else {
        out.append(contentsOf: bytes[index..<index + length])
        index += length - 1
      }
    default:
      out.append(octet)
    }
    index += 1
  }
}
