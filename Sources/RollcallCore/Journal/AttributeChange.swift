/// A value as the journal keeps it.
public enum HistoryValue: Sendable, Equatable {
  case text(String)
  /// Of octets that are no text, and of attributes whose values are hidden: what proves a value, without being it.
  case digest(sha256: String, size: Int)
  /// Of passwords, and where no values are kept.
  case hidden
}

/// What one row of the journal says of one attribute.
public struct AttributeChange: Sendable, Equatable {
  public var name: String
  /// Nil where the values are not kept, or no longer.
  public var removed: [HistoryValue]?
  public var added: [HistoryValue]?
  /// Whether the values were there and `history --erase` has taken them away.
  public var isErased: Bool

  public init(name: String, removed: [HistoryValue]?, added: [HistoryValue]?, isErased: Bool = false) {
    self.name = name
    self.removed = removed
    self.added = added
    self.isErased = isErased
  }
}
