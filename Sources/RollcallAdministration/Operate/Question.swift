internal import Reactor
package import RollcallConfiguration
internal import RollcallCore
internal import RollcallEngine
package import RollcallLedger

/// A read-only request to the leading daemon, with the configuration that the answer is to be for.
struct Question<Subject: Codable & Sendable>: Codable, Sendable {
  /// ``Configuration/digest``; nil where who asks has no configuration (`rollcall.ask`): then the daemon's own is meant.
  var configuration: String?
  var subject: Subject
}

extension Question {
  /// Whether the answer of a daemon with this configuration is wanted.
  func isFor(_ own: Configuration) -> Bool { configuration.map { $0 == own.digest } ?? true }
}

/// The daemon's answer to a question.
struct QuestionAnswer<Answer: Codable & Sendable>: Codable, Sendable {
  /// Nil if the daemon runs with another configuration, to which its answer would apply.
  var answer: Answer?
}

/// The result of a question.
package enum Asked<Answer: Sendable>: Sendable {
  case answer(Answer)
  /// No daemon leads, or it does not answer: the caller finds out itself.
  case nobody
  /// The leading daemon runs with another configuration.
  case otherConfiguration
}

extension LeadingDaemon {
  /// Asks the leading daemon.
  ///
  /// - Throws: ``EngineError/refused(_:)`` with the reason why it cannot answer.
  package func ask<Subject: Codable & Sendable, Answer: Codable & Sendable>(
    _ kind: LedgerRequest.Kind, about subject: Subject, _ configuration: Configuration, patience: Duration
  ) async throws(EngineError) -> Asked<Answer> {
    let text = try LedgerText.encode(Question(configuration: configuration.digest, subject: subject))
    switch try await question(kind, text, patience: patience) {
    case .nobody: return .nobody
    case .cannot(let reason): throw .refused(reason)
    case .done(let text):
      let found: QuestionAnswer<Answer> = try LedgerText.decode(text)
      return found.answer.map { .answer($0) } ?? .otherConfiguration
    }
  }
}

extension Engine {
  /// Answers questions of a kind, each with an engine of its own: the state of the work is not touched.
  func answer<Subject: Codable & Sendable, Answer: Codable & Sendable>(
    _ kind: LedgerRequest.Kind,
    with body: @escaping @Reactor (Engine, Subject) async throws(EngineError) -> Answer
  ) {
    requests.handlers[kind] = RequestHandler(isQuestion: true) { [weak self] request throws(EngineError) in
      guard let self else { return .stopped }
      let question: Question<Subject> = try LedgerText.decode(request.argument)
      guard question.isFor(configuration) else {
        return .done(try LedgerText.encode(QuestionAnswer<Answer>(answer: nil)))
      }
      let engine = try aside()
      defer { engine.close() }
      let answer = try await body(engine, question.subject)
      let text = try LedgerText.encode(QuestionAnswer(answer: answer))
      // What is heard with rollcall.hear() may come from a stranger: it waits in the database until it is heard.
      let longest = question.configuration == nil ? longestAnswer / 16 : longestAnswer
      guard text.utf8.count <= longest else {
        throw .refused(
          "the answer is \(text.utf8.count / 1_000_000) MB long, and the daemon passes on at most "
            + "\(longest / 1_000_000) MB; name fewer keys")
      }
      return .done(text)
    }
  }
}

extension Engine {
  /// Carries out an order with this engine, in turn with its other work.
  ///
  /// - Parameter beside: it changes the ledger alone, and is done also while the work is paused or takes long.
  func carryOut<Subject: Codable & Sendable, Answer: Codable & Sendable>(
    _ kind: LedgerRequest.Kind, beside: Bool = false,
    with body: @escaping @Reactor (Engine, Subject) async throws(EngineError) -> Answer
  ) {
    requests.handlers[kind] = RequestHandler(isQuestion: beside) { [weak self] request throws(EngineError) in
      guard let self else { return .stopped }
      let order: Question<Subject> = try LedgerText.decode(request.argument)
      guard order.isFor(configuration) else {
        return .cannot("it runs with a different configuration; restart it, or use its configuration")
      }
      do throws(EngineError) {
        return .done(try LedgerText.encode(QuestionAnswer(answer: try await body(self, order.subject))))
      } catch {
        guard case .refused(let reason) = error else { throw error }
        return .cannot(reason)
      }
    }
  }
}

extension LeadingDaemon {
  /// Has the leading daemon carry out an order; nil if none leads.
  ///
  /// - Throws: ``EngineError/refused(_:)`` with the reason why it cannot.
  package func order<Subject: Codable & Sendable, Answer: Codable & Sendable>(
    _ kind: LedgerRequest.Kind, _ subject: Subject, _ configuration: Configuration
  ) async throws(EngineError) -> Answer? {
    if try await !exists() { return nil }
    let text = try LedgerText.encode(Question(configuration: configuration.digest, subject: subject))
    switch try await order(kind, text) {
    case .nobody: return nil
    case .cannot(let reason): throw .refused("the leading daemon failed: \(reason)")
    case .done(let text):
      let found: QuestionAnswer<Answer> = try LedgerText.decode(text)
      return found.answer
    }
  }
}

/// The maximum size of an answer in octets.
private let longestAnswer = 16_000_000

extension Configuration {
  /// Differs if answers about people would differ; secrets and connections are not included.
  var digest: String {
    var hash = StableHash()
    let parts = [
      "\(source)", "\(directory.urls)", "\(directory.kind)", "\(users)", groups.map { "\($0)" } ?? "", "\(removals)",
    ]
    for part in parts {
      hash.combine(part.utf8)
      hash.combine(CollectionOfOne(0))
    }
    return hash.text
  }
}
