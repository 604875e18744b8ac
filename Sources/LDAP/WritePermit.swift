public import Reactor

/// Says whether this process may write at all.
@Reactor
public protocol WritePermit: AnyObject {
  var mayWrite: Bool { get }
  /// To be called when writes are to come soon, so that they do not have to wait.
  func refresh()
  /// Calls `body` once it is known whether this process may write, with the answer; now or later.
  func whenDecided(_ body: @escaping @Reactor (_ mayWrite: Bool) -> Void)
}
