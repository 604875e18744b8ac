/// A YAML document with the position of every node, detached from the parser's types and with aliases resolved.
public struct YAMLNode: Sendable {
  public indirect enum Content: Sendable {
    /// An empty value, `~` or `null`, unquoted.
    case null
    case text(String)
    case list([YAMLNode])
    case mapping([Pair])
  }

  public struct Pair: Sendable {
    public var key: String
    public var mark: YAMLMark
    public var value: YAMLNode
  }

  public var mark: YAMLMark
  public var content: Content

  public init(mark: YAMLMark, content: Content) {
    self.mark = mark
    self.content = content
  }

  /// Why a text cannot be read. The message never quotes a line of the text: it may contain a password.
  public struct Flaw: Error {
    public var mark: YAMLMark
    public var message: String
  }

  /// The maximum size of a text in octets; far beyond what a configuration needs, and small enough to be harmless.
  public static let largestText = 1 << 20
}

/// A position in a text: line and column, counted from 1; a column is a Unicode code point.
public struct YAMLMark: Hashable, Comparable, Sendable, CustomStringConvertible {
  public var line: Int
  public var column: Int

  public init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  public static func < (one: Self, other: Self) -> Bool {
    (one.line, one.column) < (other.line, other.column)
  }

  public var description: String { "\(line):\(column)" }
}
