package import Reactor
internal import RollcallCore

/// The problems of one directory at present.
///
/// Each is logged once when it comes and once when it is over, and stored in the ledger, where `status` finds it.
@Reactor
package final class ProblemBoard {
  private let ledger: Ledger
  private let events: Events
  private var current: [ConditionProblem.Code: ConditionProblem] = [:]
  /// What the ledger has; nil while that is not known.
  private var stored: [ConditionProblem.Code: ConditionProblem]?
  private var storing: Task<Void, Never>?
  /// Asks whether another process leads, which then knows better.
  package var isForeign: (@Reactor () async throws(EngineError) -> Bool)?

  package init(_ ledger: Ledger, _ events: Events) {
    self.ledger = ledger
    self.events = events
  }

  /// The problem of this code; nil where there is none.
  package subscript(code: ConditionProblem.Code) -> ConditionProblem? { current[code] }

  /// Says that there is a problem; nothing happens where it is known in these words.
  ///
  /// - Parameters:
  ///   - message: what is wrong. Each new wording is stored, so it names nothing that changes every second.
  ///   - fix: what to do about it.
  package func set(_ code: ConditionProblem.Code, message: String, fix: String? = nil) {
    let problem = ConditionProblem(code, message, fix: fix)
    if current[code] == problem { return }
    if current[code] == nil {
      events.emit(.problem(code: code.rawValue, message: message, fix: fix, isAdvisory: problem.isAdvisory))
    }
    current[code] = problem
    store()
  }

  /// Says that it is over.
  package func clear(_ code: ConditionProblem.Code) {
    guard current.removeValue(forKey: code) != nil else { return }
    events.emit(.problemOver(code: code.rawValue))
    store()
  }

  /// Makes what the ledger has the same as what is known here: at the beginning of a term, and after a loss.
  package func renew() {
    stored = nil
    store()
  }

  /// Waits until what is known is stored, as far as it can be.
  package func flush() async { await storing?.value }

  private func store() {
    if storing != nil { return }
    storing = Reactor.task {
      await self.storeAll()
      self.storing = nil
    }
  }

  private func storeAll() async {
    while stored != current {
      let wanted = current
      do throws(EngineError) {
        if try await isForeign?() == true { return }
        try await ledger.store(wanted.values.sorted { $0.code.rawValue < $1.code.rawValue })
        stored = wanted
      } catch {
        // The next change, or the next connection, stores it.
        stored = nil
        events.emit(.failed(.storingProblems, "\(error)"))
        return
      }
    }
  }
}
