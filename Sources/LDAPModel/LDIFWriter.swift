/// Builds one LDIF record.
struct LDIFWriter {
  private var out: [UInt8] = []
  private let secrets: [String]

  /// Columns of a line; RFC 2849 does not specify the number, this is the usual one.
  private static let width = 76

  init(secrets: [String]) {
    self.secrets = secrets
  }

  /// The record with the empty line that terminates it.
  var record: String { String(decoding: out + [ASCII.lineFeed], as: UTF8.self) }

  mutating func line(_ name: String, _ text: String) {
    line(name, Array(text.utf8))
  }

  mutating func attributes(_ attributes: [Attribute]) {
    for attribute in attributes { values(of: attribute.name, attribute.values) }
  }

  mutating func modification(_ modification: Modification) {
    let keyword =
      switch modification.kind {
      case .add: "add"
      case .delete: "delete"
      case .replace: "replace"
      }
    line(keyword, modification.attribute)
    values(of: modification.attribute, modification.values)
    out += [ASCII.hyphen, ASCII.lineFeed]
  }

  private mutating func values(of attribute: String, _ values: [AttributeValue]) {
    let isSecret = secrets.contains { equalWithoutCase($0, withoutOptions(attribute)) }
    for value in values {
      if isSecret { line(attribute, "***") } else { line(attribute, value.bytes) }
    }
  }

  /// `name: value`, or `name:: base64` if the value is not a SAFE-STRING, folded.
  private mutating func line(_ name: String, _ value: [UInt8]) {
    var line = Array(name.utf8)
    line.append(ASCII.colon)
    if LDIFWriter.isSafe(value) {
      if !value.isEmpty { line.append(ASCII.space) }
      line += value
    } else {
      line += [ASCII.colon, ASCII.space]
      line += Base64.encode(value)
    }
    fold(line)
  }

  /// RFC 2849 SAFE-STRING; note 8 there recommends base64 for a trailing space, and other control characters are
  /// encoded too, since the text is shown on terminals.
  private static func isSafe(_ value: [UInt8]) -> Bool {
    guard let first = value.first else { return true }
    guard first != ASCII.colon, first != ASCII.less, first != ASCII.space, value.last != ASCII.space else {
      return false
    }
    return value.allSatisfy { 0x20..<0x7F ~= $0 }
  }

  private mutating func fold(_ line: [UInt8]) {
    var rest = line[...]
    out += rest.prefix(LDIFWriter.width)
    rest = rest.dropFirst(LDIFWriter.width)
    while !rest.isEmpty {
      out += [ASCII.lineFeed, ASCII.space]
      out += rest.prefix(LDIFWriter.width - 1)
      rest = rest.dropFirst(LDIFWriter.width - 1)
    }
    out.append(ASCII.lineFeed)
  }
}
