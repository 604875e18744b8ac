/// Stops work on a directory that refuses one key after another with the same code.
///
/// One person's refusal is that person's; ten in a row are the directory's (a lost right, a full disk), and setting
/// ten thousand keys aside for it would help nobody. While the breaker is open single keys are tried.
public struct Breaker: Sendable {
  /// Equal refusals in a row that open it.
  public static let most = 10

  /// What becomes of a key that was refused.
  public enum Ruling: Sendable, Equatable {
    /// It is set aside: the refusal is its own.
    case park
    /// It goes back to the others: this refusal has opened the breaker.
    case opens
    /// It goes back to the others: the breaker is open.
    case isOpen
  }

  private var code: Int32?
  /// Keys that were set aside on the way to the opening.
  private var row: [RosterKey] = []
  public private(set) var isOpen = false

  public init() {}

  /// Notes that the directory refused a key.
  public mutating func refused(_ key: RosterKey, _ code: Int32) -> Ruling {
    if isOpen { return .isOpen }
    if code != self.code { row = [] }
    self.code = code
    // One key that is tried again and again is still one.
    if row.contains(key) { return .park }
    if row.count + 1 < Breaker.most {
      row.append(key)
      return .park
    }
    isOpen = true
    return .opens
  }

  /// Notes an operation that the directory took, or a new connection.
  ///
  /// - Returns: keys that were set aside for what has turned out to be the directory's fault; they deserve another look.
  public mutating func succeeded() -> [RosterKey] {
    defer { self = Breaker() }
    return isOpen ? row : []
  }
}
