/// Stops work on a directory that refuses one key after another with the same code.
///
/// One person's refusal is that person's; ten in a row are the directory's (a lost right, a full disk), and setting
/// ten thousand keys aside for it would help nobody. While the breaker is open single keys are tried.
public struct Breaker: Sendable {
  /// Equal refusals in a row that open it.
  public static let most = 10

  private var code: Int32?
  private var failures = 0
  public private(set) var isOpen = false

  public init() {}

  /// Notes a refusal; true when this one opens the breaker.
  public mutating func failed(_ code: Int32) -> Bool {
    failures = code == self.code ? failures + 1 : 1
    self.code = code
    if isOpen || failures < Breaker.most { return false }
    isOpen = true
    return true
  }

  /// Notes an operation that the directory took.
  public mutating func succeeded() { self = Breaker() }
}
