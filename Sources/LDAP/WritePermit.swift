public import Reactor

/// Decides whether this process may write.
@Reactor
public protocol WritePermit: AnyObject {
  var mayWrite: Bool { get }
  /// Call it when writes will follow soon, so that they need not wait.
  ///
  /// - Parameter age: a younger decision is good enough.
  func refresh(olderThan age: Duration)
  /// Calls `body` with the decision, now or later.
  func whenDecided(_ body: @escaping @Reactor (_ mayWrite: Bool) -> Void)
}
