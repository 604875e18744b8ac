/// A value in the form that the journal stores.
public enum HistoryValue: Sendable, Equatable {
  case text(String)
  /// For binary values and attributes whose values are hidden: it can verify a value but does not reveal it.
  case digest(sha256: String, size: Int)
  /// For passwords, and where no values are kept.
  case hidden
}

/// The change of one attribute in one row of the journal.
public struct AttributeChange: Sendable, Equatable {
  public var name: String
  /// Nil if the values are not kept, or no longer kept.
  public var removed: [HistoryValue]?
  public var added: [HistoryValue]?
  /// Whether `history --erase` has erased the values.
  public var isErased: Bool

  public init(name: String, removed: [HistoryValue]?, added: [HistoryValue]?, isErased: Bool = false) {
    self.name = name
    self.removed = removed
    self.added = added
    self.isErased = isErased
  }
}
