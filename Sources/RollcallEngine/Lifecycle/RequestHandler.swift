internal import Reactor
package import RollcallLedger

/// Answers one kind of request; for kinds that the engine itself does not know.
package struct RequestHandler {
  /// It only looks: it is answered beside the work, also while that is paused or takes long.
  package var isQuestion: Bool
  package var answer: @Reactor (LedgerRequest) async throws(EngineError) -> RequestReply

  package init(
    isQuestion: Bool, answer: @escaping @Reactor (LedgerRequest) async throws(EngineError) -> RequestReply
  ) {
    self.isQuestion = isQuestion
    self.answer = answer
  }
}

/// How a request ended.
package enum RequestReply: Sendable {
  /// With JSON for whoever asked, or without.
  case done(String?)
  /// It cannot be done, for this reason; whoever asks again is told the same until that has changed.
  case cannot(String)
  /// Work has stopped before it was done.
  case stopped
}
