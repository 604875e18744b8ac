internal import Reactor
package import RollcallLedger

/// Handles one kind of request that the engine does not carry out itself.
package struct RequestHandler {
  /// Whether it only reads; it is then answered alongside the work, even while that is paused or takes long.
  package var isQuestion: Bool
  package var answer: @Reactor (LedgerRequest) async throws(EngineError) -> RequestReply

  package init(
    isQuestion: Bool, answer: @escaping @Reactor (LedgerRequest) async throws(EngineError) -> RequestReply
  ) {
    self.isQuestion = isQuestion
    self.answer = answer
  }
}

/// The outcome of a request.
package enum RequestReply: Sendable {
  /// Done, with a JSON answer if there is one.
  case done(String?)
  /// It cannot be done, for this reason; the answer stays the same until the cause is removed.
  case cannot(String)
  /// Work stopped before the request was done.
  case stopped
}
