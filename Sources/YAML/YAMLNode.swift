/// A YAML document with the place of every node, detached from the parser's types and with aliases resolved.
public struct YAMLNode: Sendable {
  public indirect enum Content: Sendable {
    /// Nothing after the colon, `~` or `null`, unquoted.
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

  /// Why a text is no document that can be read. The message never quotes a line of the text: it may hold a password.
  public struct Flaw: Error {
    public var mark: YAMLMark
    public var message: String
  }

  /// Octets that a text may have; far beyond what a configuration needs, far below what hurts.
  public static let largestText = 1 << 20
}

/// A place in a text: line and column, counted from 1; a column is a Unicode code point.
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
