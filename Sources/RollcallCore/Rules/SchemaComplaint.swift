/// A conflict between the directory's schema and the configuration.
public struct SchemaComplaint: Sendable, Equatable {
  public enum Level: String, Sendable {
    /// Every entry, or every entry with such a value, would be refused.
    case error
    /// Works, but not always.
    case warning
  }

  public var level: Level
  /// The configuration key: `users.attributes.mail`.
  public var path: String
  public var message: String
  /// How to fix it.
  public var remedy: String?

  public init(_ level: Level, _ path: String, _ message: String, remedy: String? = nil) {
    self.level = level
    self.path = path
    self.message = message
    self.remedy = remedy
  }
}
