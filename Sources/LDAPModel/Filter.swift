/// A search filter (RFC 4511 section 4.5.1.7). Its description is the text of RFC 4515, escaped.
public indirect enum Filter: Hashable, Sendable {
  /// All of them; an empty list is true (RFC 4526).
  case and([Filter])
  /// At least one of them; an empty list is false (RFC 4526).
  case or([Filter])
  case not(Filter)
  case equal(String, AttributeValue)
  case present(String)
  case greaterOrEqual(String, AttributeValue)
  case lessOrEqual(String, AttributeValue)
  case approximate(String, AttributeValue)
  /// `attribute=initial*any*final`; at least one of the three is present, and no value is empty.
  case substrings(String, initial: AttributeValue?, any: [AttributeValue], final: AttributeValue?)
  /// `attribute:dn:rule:=value`; at least one of attribute and rule is present.
  case extensible(String?, rule: String?, dn: Bool, AttributeValue)

  /// Parses the text of RFC 4515; the outer parentheses may be missing, as libldap allows.
  public init(parsing text: String) throws(InvalidFilter) {
    var parser = FilterParser(text)
    self = try parser.wholeFilter()
  }
}

extension Filter: CustomStringConvertible {
  public var description: String {
    var out: [UInt8] = []
    append(to: &out)
    return String(decoding: out, as: UTF8.self)
  }

  private func append(to out: inout [UInt8]) {
    out.append(ASCII.openParenthesis)
    switch self {
    case .and(let filters):
      out.append(ASCII.ampersand)
      for filter in filters { filter.append(to: &out) }
    case .or(let filters):
      out.append(ASCII.pipe)
      for filter in filters { filter.append(to: &out) }
    case .not(let filter):
      out.append(0x21)
      filter.append(to: &out)
    case .equal(let attribute, let value): Filter.append(attribute, "=", value, to: &out)
    case .greaterOrEqual(let attribute, let value): Filter.append(attribute, ">=", value, to: &out)
    case .lessOrEqual(let attribute, let value): Filter.append(attribute, "<=", value, to: &out)
    case .approximate(let attribute, let value): Filter.append(attribute, "~=", value, to: &out)
    case .present(let attribute):
      out.append(contentsOf: attribute.utf8)
      out.append(contentsOf: "=*".utf8)
    case .substrings(let attribute, let initial, let any, let final):
      out.append(contentsOf: attribute.utf8)
      out.append(ASCII.equals)
      if let initial { Filter.append(initial, to: &out) }
      out.append(ASCII.asterisk)
      for value in any {
        Filter.append(value, to: &out)
        out.append(ASCII.asterisk)
      }
      if let final { Filter.append(final, to: &out) }
    case .extensible(let attribute, let rule, let dn, let value):
      let name = (attribute ?? "") + (dn ? ":dn" : "") + (rule.map { ":" + $0 } ?? "")
      Filter.append(name, ":=", value, to: &out)
    }
    out.append(ASCII.closeParenthesis)
  }

  private static func append(
    _ attribute: String, _ sign: String, _ value: AttributeValue, to out: inout [UInt8]
  ) {
    out.append(contentsOf: attribute.utf8)
    out.append(contentsOf: sign.utf8)
    append(value, to: &out)
  }

  /// RFC 4515 section 3: `* ( ) \` and NUL as `\xx`; also octets that are not text, and control characters.
  private static func append(_ value: AttributeValue, to out: inout [UInt8]) {
    let bytes = value.bytes
    var index = 0
    while index < bytes.count {
      let octet = bytes[index]
      let length = wellFormedLength(bytes, at: index)
      switch octet {
      case ASCII.asterisk, ASCII.openParenthesis, ASCII.closeParenthesis, ASCII.backslash:
        out.appendEscape(of: octet)
      case _ where length == 0 || octet.isASCIIControl:
        out.appendEscape(of: octet)
      default:
        out.append(contentsOf: bytes[index..<index + length])
      }
      index += max(length, 1)
    }
  }
}

/// Why a text is not a search filter.
public struct InvalidFilter: Error, Hashable, Sendable, CustomStringConvertible {
  public let text: String
  /// Octets of UTF-8 from the start of the text.
  public let offset: Int
  public let reason: String

  public var description: String {
    "\"\(readable(text))\" is not a search filter: \(reason) at offset \(offset)"
  }
}
