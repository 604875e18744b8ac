internal import PlainText

/// What is told to a person: words of ours with values from outside between them.
///
/// Rows, directories and databases decide what the values are, so none of them is longer than ``Excerpt/value`` here
/// however it gets into the sentence: an interpolation is where a value enters, and it is cut there. Another wording
/// stays as it is, and an error has room for the words of a server.
public struct Wording: Sendable, Equatable, CustomStringConvertible {
  public private(set) var text: String

  /// A text as it is, but no longer than ``Excerpt/sentence``.
  public init(_ text: String) { self.text = text.excerpt(Excerpt.sentence) }

  public var description: String { text }

  public static func + (one: Wording, other: Wording) -> Wording { Wording(one.text + other.text) }

  /// Values one after the other, each cut by itself; of many the first ten.
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
