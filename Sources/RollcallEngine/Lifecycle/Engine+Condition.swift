internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// The condition of the directory, for `status`. It is derived anew each time, so that no report hides another.
extension Engine {
  /// The condition as long as there is no error.
  var condition: DirectoryCondition {
    if dispatcher.breaker.isOpen, let refusal { return .refusing("one key after another is refused: \(refusal)") }
    if let incomplete = reconciles.incomplete { return .connected(incomplete) }
    if !reconciles.isUnderWay { return .connected(nil) }
    let why = reconciles.why.map { ": \($0)" } ?? ""
    let holding = removalGuard.comparison.holding.map { "; \($0.explanation)" } ?? ""
    return .connected("comparing everybody\(why)\(holding)")
  }

  /// Records how many changes have not settled, as long as there are any.
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
