internal import Reactor
internal import RollcallCore
package import RollcallEngine
package import RollcallLedger

extension LedgerRequest.Kind {
  /// Explain one person (``Explainer``).
  package static let explain = LedgerRequest.Kind(rawValue: "explain")
  /// Plan for some people, or for everybody (``Rehearsal``).
  package static let plan = LedgerRequest.Kind(rawValue: "plan")
}

extension Engine {
  /// Lets a daemon with this engine answer what commands ask, so that nobody needs the directory's password at the shell.
  package func answerCommands() {
    answer(.plan) { engine, keys throws(EngineError) -> PlanReport in
      PlanReport(try await Rehearsal(engine, limit: .daemon).run(keys as [RosterKey]))
    }
    answer(.explain) { engine, search throws(EngineError) -> Explanation in
      try await Explainer(engine).explain(search as Explainer.Search)
    }
  }
}
