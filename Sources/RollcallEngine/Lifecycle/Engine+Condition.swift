internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// How the directory is, for `status`: derived each time it is told, so that no news hides another.
extension Engine {
  /// While there is no trouble.
  var condition: DirectoryCondition {
    if dispatcher.breaker.isOpen, let refusal { return .refusing("one key after another is refused: \(refusal)") }
    if let incomplete = reconciles.incomplete { return .connected(incomplete) }
    if !reconciles.isUnderWay { return .connected(nil) }
    let why = reconciles.why.map { ": \($0)" } ?? ""
    let holding = removalGuard.comparison.holding.map { "; \($0.explanation)" } ?? ""
    return .connected("comparing everybody\(why)\(holding)")
  }

  /// Says how much has not settled, while that lasts.
  func noteBacklog() {
    guard dispatcher.isWorking, leader.isLeading, let (count, snapshot) = sweeper?.unsettled else { return }
    Reactor.task {
      do throws(EngineError) { try await self.ledger.note(unsettled: count, countedTo: snapshot) } catch {
        self.events.emit(.failed(.notingTheState, "\(error)"))
      }
    }
  }

  func noteBreaker(_ problem: Problem?) {
    refusal = problem
    onState?()
  }
}
