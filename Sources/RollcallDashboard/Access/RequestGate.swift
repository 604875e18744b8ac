internal import RollcallPages
internal import Synchronization

/// Answers at the rate of an allowance, whoever asks: a connection whose turn has not come waits, and asks for nothing
/// else meanwhile.
final class RequestGate: Sendable {
  private let allowance: Mutex<RequestAllowance>

  init(_ allowance: RequestAllowance) { self.allowance = Mutex(allowance) }

  /// Waits for its turn, two seconds at most; false where too many ask.
  @discardableResult
  func enter() async -> Bool {
    let wait = allowance.withLock { $0.take(at: .now) }
    if wait != .zero { try? await Task.sleep(for: wait ?? RequestAllowance.longestWait) }
    return wait != nil
  }
}
