/// How urgent a key is: a single HR write overtakes any backlog, and a leaver overtakes everything.
public enum Priority: Int, Sendable, Comparable, CaseIterable {
  case leaver, notification, retry, sweep, due, reconcile
  public static func < (a: Priority, b: Priority) -> Bool { a.rawValue < b.rawValue }
}

/// Keys that one worker takes together.
public struct Batch: Sendable, Equatable {
  public var keys: [RosterKey]
  public var priority: Priority

  public init(keys: [RosterKey], priority: Priority) {
    self.keys = keys
    self.priority = priority
  }
}
