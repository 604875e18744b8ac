package import Reactor
package import RollcallLedger

/// Answers the requests that commands make to the leading daemon: work one at a time, questions concurrently with it.
@Reactor
package final class RequestDesk {
  private unowned let engine: Engine
  private var isWorking = false
  /// The ids of the questions being answered.
  private var questions: Set<Int> = []
  /// Handlers for the requests that the engine does not carry out itself.
  package var handlers: [LedgerRequest.Kind: RequestHandler] = [:]

  init(_ engine: Engine) { self.engine = engine }

  /// Reads the pending requests, and answers them.
  func answer() {
    work()
    Reactor.task { [engine] in await self.answerQuestions(of: engine) }
  }

  private func work() {
    if isWorking { return }
    isWorking = true
    Reactor.task { [engine] in
      do throws(EngineError) {
        while engine.dispatcher.isWorking, let request = try await engine.ledger.requests().first(where: self.isWork) {
          try await engine.ledger.noteStart(of: request)
          if try await self.answer(request, with: engine.fulfil(request)) { break }
        }
      } catch {
        engine.trouble(error)
      }
      self.isWorking = false
    }
  }

  /// The maximum number of questions answered at once: each uses connections of its own.
  private static let mostQuestions = 2

  /// A failure here does not affect the work: the command is told, or notices that no answer comes.
  private func answerQuestions(of engine: Engine) async {
    guard engine.leader.isLeading, (try? await engine.ledger.dropOldAnswers()) != nil,
      let open = try? await engine.ledger.requests()
    else { return }
    for request in open where !isWork(request) && !questions.contains(request.id) {
      if questions.count >= RequestDesk.mostQuestions { return }
      questions.insert(request.id)
      Reactor.task {
        let isAnswered = (try? await self.answer(question: request)) ?? false
        self.questions.remove(request.id)
        if isAnswered { engine.answerRequests() }
      }
    }
  }

  /// - Returns: false if there is no answer because work has stopped.
  private func answer(question: LedgerRequest) async throws(EngineError) -> Bool {
    try await engine.ledger.noteStart(of: question)
    guard let handler = handlers[question.kind] else {
      try await engine.ledger.answer(
        question,
        message: "it does not know the request \"\(question.kind.rawValue)\"; it may be of another version than this "
          + "program: restart it after an upgrade")
      return true
    }
    let reply: RequestReply
    do throws(EngineError) { reply = try await handler.answer(question) } catch { reply = .cannot("\(error)") }
    return try await !answer(question, with: reply)
  }

  /// An unknown request counts as a question, so that it is refused at once.
  private func isWork(_ request: LedgerRequest) -> Bool {
    RequestDesk.work.contains(request.kind) || handlers[request.kind]?.isQuestion == false
  }

  /// Stores the answer. Returns true if there is none because work has stopped.
  private func answer(_ request: LedgerRequest, with reply: RequestReply) async throws(EngineError) -> Bool {
    switch reply {
    case .done(let answer): try await engine.ledger.answer(request, message: nil, answer)
    case .cannot(let reason): try await engine.ledger.answer(request, message: reason)
    case .stopped: return true
    }
    return false
  }

  private static let work: Set<LedgerRequest.Kind> = [.look, .full, .retry, .release, .keys]
}
