internal import Reactor
package import RollcallEngine
package import RollcallLedger

extension LedgerRequest.Kind {
  /// Explain one person (``Explainer``).
  package static let explain = LedgerRequest.Kind(rawValue: "explain")
}

extension Engine {
  /// Lets a daemon with this engine answer what commands ask, so that nobody needs the directory's password at the shell.
  package func answerCommands() {
    answer(.explain) { engine, search throws(EngineError) -> Explanation in
      try await Explainer(engine).explain(search as Explainer.Search)
    }
  }
}
