public import LDAPModel

/// The values that stand in no message although a server may quote what it was sent: passwords, and those of
/// `create_only`.
public struct HiddenValues: Sendable {
  private static let mark: [Unicode.Scalar] = ["*", "*", "*"]
  /// The end of a text that was cut.
  private static let cut: Unicode.Scalar = "\u{2026}"

  private let names: Set<String>
  private let schema: Schema

  public init(createOnly: [String], _ schema: Schema) {
    names = Set(createOnly.map { schema.canonicalName($0.attributeType) })
    self.schema = schema
  }

  /// A server's words about an operation, without the hidden values that it gives an entry.
  public func removed(from words: String, about operation: Operation) -> String {
    if words.isEmpty { return words }
    let values = values(of: operation)
    if values.isEmpty { return words }
    // A filter in which the value stands is escaped; the longest first, as one may contain another.
    let forms = Set(values.flatMap { [$0, Self.escaped($0)] }.map(Self.line)).subtracting([[]])
    let text = Array(words.unicodeScalars)
    var out = String.UnicodeScalarView()
    var index = 0
    while index < text.count {
      let length = forms.compactMap { Self.match($0, text, index) }.max()
      out.append(contentsOf: length == nil ? [text[index]] : Self.mark)
      index += length ?? 1
    }
    return String(out)
  }

  private func values(of operation: Operation) -> [String] {
    let given: [(String, [AttributeValue])] =
      switch operation {
      case .add(_, let attributes): attributes.map { ($0.name, $0.values) }
      case .modify(_, let modifications): modifications.map { ($0.attribute, $0.values) }
      case .rename, .delete: []
      }
    return given.filter { LDIF.isSecret($0.0) || names.contains(schema.canonicalName($0.0.attributeType)) }
      .flatMap { $0.1.compactMap(\.text) }
  }

  /// How many scalars of the text from there on are the value, as words of their own; nil: none.
  private static func match(_ value: [Unicode.Scalar], _ text: [Unicode.Scalar], _ start: Int) -> Int? {
    if start > 0, isWord(text[start - 1]), isWord(value[0]) { return nil }
    var length = 0
    while length < value.count {
      guard start + length < text.count else { return nil }
      if text[start + length] == cut, length > 0 { return length }
      if lower(text[start + length]) != lower(value[length]) { return nil }
      length += 1
    }
    let end = start + length
    return end < text.count && isWord(text[end]) && isWord(value[length - 1]) ? nil : length
  }

  private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.isAlphabetic || scalar.properties.numericType != nil
  }

  private static func lower(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    ("A"..."Z").contains(scalar) ? Unicode.Scalar(UInt8(scalar.value) | 0x20) : scalar
  }

  /// As messages are: one line.
  private static func line(_ text: String) -> [Unicode.Scalar] {
    Array(text.unicodeScalars.split { $0.value < 0x20 || $0.value == 0x7F }.joined(separator: [" "]))
  }

  private static func escaped(_ text: String) -> String {
    let filter = Filter.equal("a", AttributeValue(text)).description
    return String(filter.dropFirst(3).dropLast())
  }
}
