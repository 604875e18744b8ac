package import Reactor
package import RollcallLedger

/// Answers what commands ask of the leading daemon: what changes something one after the other, and questions beside that.
@Reactor
package final class RequestDesk {
  private unowned let engine: Engine
  private var isWorking = false
  /// The numbers of questions that are being answered.
  private var questions: Set<Int> = []
  /// Who answers what commands ask besides what the engine itself does.
  package var handlers: [LedgerRequest.Kind: RequestHandler] = [:]

  init(_ engine: Engine) { self.engine = engine }

  /// Looks at what there is, and answers it.
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

  /// How many questions are answered at once: each has connections of its own.
  private static let mostQuestions = 2

  /// What fails here says nothing about the work: whoever asked is told, or notices that nobody answers.
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

  /// - Returns: false where there is no answer, because work has stopped.
  private func answer(question: LedgerRequest) async throws(EngineError) -> Bool {
    try await engine.ledger.noteStart(of: question)
    guard let handler = handlers[question.kind] else {
      try await engine.ledger.answer(
        question,
        message: "it does not know the request \"\(question.kind.rawValue)\"; is it of the same version as this "
          + "program? Restart it after an upgrade")
      return true
    }
    let reply: RequestReply
    do throws(EngineError) { reply = try await handler.answer(question) } catch { reply = .cannot("\(error)") }
    return try await !answer(question, with: reply)
  }

  /// What nobody knows counts as a question, so that it is refused at once.
  private func isWork(_ request: LedgerRequest) -> Bool {
    RequestDesk.work.contains(request.kind) || handlers[request.kind]?.isQuestion == false
  }

  /// Writes the answer down; true where there is none, because work has stopped.
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
