internal import RollcallPages
internal import Synchronization

/// Lets pages be read at the rate of `PageAllowance`, whoever asks for them.
final class PageGate: Sendable {
  private let allowance = Mutex(PageAllowance(at: .now))

  /// Waits for a page's turn; false where too many are asked for.
  func enter() async -> Bool {
    guard let wait = allowance.withLock({ $0.take(at: .now) }) else { return false }
    if wait > .zero { try? await Task.sleep(for: wait) }
    return true
  }
}
