/// Stops work on a directory that refuses many keys in a row with the same code.
///
/// One refusal concerns one person; ten in a row concern the directory (a lost right, a full disk), and parking ten
/// thousand keys for it would help nobody. While the breaker is open, keys are tried one at a time.
public struct Breaker: Sendable {
  /// Equal refusals in a row that open the breaker.
  public static let most = 10

  /// What happens to a key that was refused.
  public enum Ruling: Sendable, Equatable {
    /// The key is parked: the refusal concerns only this key.
    case park
    /// The key is queued again: this refusal has opened the breaker.
    case opens
    /// The key is queued again: the breaker is open.
    case isOpen
  }

  private var code: Int32?
  /// Keys that were parked before the breaker opened.
  private var row: [RosterKey] = []
  public private(set) var isOpen = false

  public init() {}

  /// Records that the directory refused a key.
  public mutating func refused(_ key: RosterKey, _ code: Int32) -> Ruling {
    if isOpen { return .isOpen }
    if code != self.code { row = [] }
    self.code = code
    // A key that is retried repeatedly counts once.
    if row.contains(key) { return .park }
    if row.count + 1 < Breaker.most {
      row.append(key)
      return .park
    }
    isOpen = true
    return .opens
  }

  /// Records that the directory accepted an operation, or a new connection.
  ///
  /// - Returns: keys that were parked for what turned out to be a fault of the directory; they need another look.
  public mutating func succeeded() -> [RosterKey] {
    defer { self = Breaker() }
    return isOpen ? row : []
  }
}
