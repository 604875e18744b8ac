internal import PlainText

/// A message for a person: our words with values from outside.
///
/// Rows, directories and databases determine the values, so each one is cut to ``Excerpt/value``: values enter
/// through interpolation, which cuts them. Another wording is inserted unchanged, and a server's message has a larger
/// limit.
public struct Wording: Sendable, Equatable, CustomStringConvertible {
  public private(set) var text: String

  /// The text unchanged, but no longer than ``Excerpt/sentence``.
  public init(_ text: String) { self.text = text.excerpt(Excerpt.sentence) }

  public var description: String { text }

  public static func + (one: Wording, other: Wording) -> Wording { Wording(one.text + other.text) }

  /// Joins values, each cut individually; at most the first ten are shown.
  public static func list(_ values: some Collection<String>, separator: String = ", ") -> Wording {
    let shown = values.prefix(10).map { $0.excerpt() }.joined(separator: separator)
    return Wording(values.count > 10 ? "\(shown) and \(values.count - 10) more" : shown)
  }
}

extension Wording: ExpressibleByStringInterpolation {
  public init(stringLiteral text: String) { self.text = text }
  public init(stringInterpolation: StringInterpolation) { self.init(stringInterpolation.text) }

  public struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var text = ""

    public init(literalCapacity: Int, interpolationCount: Int) {
      text.reserveCapacity(literalCapacity + interpolationCount * 16)
    }

    public mutating func appendLiteral(_ literal: String) { text += literal }

    public mutating func appendInterpolation<Value>(_ value: Value) {
      switch value {
      case let wording as Wording: text += wording.text
      case let key as RosterKey: text += key.shown
      case let error as any Error: text += "\(error)".excerpt(Excerpt.message)
      default: text += "\(value)".excerpt()
      }
    }

    /// A server's own message, which quotes values in places that only the server knows.
    public mutating func appendInterpolation(message: String) { text += message.excerpt(Excerpt.message) }
  }
}
