package import Reactor
internal import RollcallCore

/// The current problems of one directory.
///
/// Each is logged once when it begins and once when it ends, and stored in the ledger, where `status` reads it.
@Reactor
package final class ProblemBoard {
  private let ledger: Ledger
  private let events: Events
  private var current: [ConditionProblem.Code: ConditionProblem] = [:]
  /// The problems in the ledger; nil if they are unknown.
  private var stored: [ConditionProblem.Code: ConditionProblem]?
  private var storing: Task<Void, Never>?
  /// Checks whether another process leads, whose information is then more recent.
  package var isForeign: (@Reactor () async throws(EngineError) -> Bool)?

  package init(_ ledger: Ledger, _ events: Events) {
    self.ledger = ledger
    self.events = events
  }

  /// The problem with this code; nil if there is none.
  package subscript(code: ConditionProblem.Code) -> ConditionProblem? { current[code] }

  /// Reports a problem; does nothing if it is already reported in these words.
  ///
  /// - Parameters:
  ///   - message: what is wrong. Each new wording is stored, so it must not contain values that change every second.
  ///   - fix: how to fix it.
  package func set(_ code: ConditionProblem.Code, message: String, fix: String? = nil) {
    let problem = ConditionProblem(code, message, fix: fix)
    if current[code] == problem { return }
    if current[code] == nil {
      events.emit(.problem(code: code.rawValue, message: message, fix: fix, isAdvisory: problem.isAdvisory))
    }
    current[code] = problem
    store()
  }

  /// Reports the end of the problem.
  package func clear(_ code: ConditionProblem.Code) {
    guard current.removeValue(forKey: code) != nil else { return }
    events.emit(.problemOver(code: code.rawValue))
    store()
  }

  /// Stores the current problems in the ledger again: at the beginning of a term, and after a loss.
  package func renew() {
    stored = nil
    store()
  }

  /// Waits until the current problems are stored, as far as possible.
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
