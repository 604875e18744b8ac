internal import DequeModule
internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallCore

/// What came of one sequence of a plan.
struct SequenceOutcome: Sendable {
  /// Steps that the server has confirmed, from the first on.
  var applied = 0
  /// Why the next step was not; nil when all were.
  var failure: LDAPError?
  /// Whether a half-done exchange of names was taken back.
  var isUndone = false
}

/// The window of operations in flight on one session.
///
/// A server that writes one entry after the other makes each operation wait for those before it, an urgent one on
/// another session too. So the window shrinks while answers take long and grows again while they come quickly: a fast
/// server is kept busy, and a slow one is sent no more than it carries out in a moment.
@Reactor
final class WriteLane {
  /// Answers that take longer than the upper bound shrink the window, others than the lower one widen it.
  private static let calm: (lower: Duration, upper: Duration) = (.milliseconds(50), .milliseconds(100))
  /// Fewer would make a long way to the server, or a busy machine on this side, into a slow server.
  private static let least = 32

  private let session: LDAPSession
  private let limit: Int
  private var window: Int
  private var running = 0
  private var waiting = Deque<@Reactor () -> Void>()
  /// Asked before each send; nothing is sent without.
  weak var permit: (any WritePermit)?

  init(_ session: LDAPSession, limit: Int) {
    self.session = session
    self.limit = limit
    window = limit
  }

  /// To be called when writes are to come: the permission is asked for while their reasons are read.
  func prepare() { permit?.refresh() }

  /// Applies sequences side by side, each one's steps in order, and returns when all have ended.
  func apply(_ sequences: [Plan.Sequence]) async -> [SequenceOutcome] {
    if sequences.isEmpty { return [] }
    let run = ApplyRun(sequences, self)
    return unsafe await withUnsafeContinuation { continuation in
      run.begin { unsafe continuation.resume(returning: $0) }
    }
  }

  fileprivate func enter(_ job: @escaping @Reactor () -> Void) {
    if running < window {
      running += 1
      job()
    } else {
      waiting.append(job)
    }
  }

  fileprivate func sendNow() { session.sendNow() }

  fileprivate func leave() {
    running -= 1
    while running < window, let next = waiting.popFirst() {
      running += 1
      next()
    }
  }

  private func adapt(to delay: Duration) {
    if delay > WriteLane.calm.upper {
      window = min(window, max(window - 1, WriteLane.least))
    } else if delay < WriteLane.calm.lower, window < limit, running >= window {
      window += 1
    }
  }

  fileprivate func send(_ operation: Operation, _ completion: @escaping @Reactor (Result<Void, LDAPError>) -> Void) {
    guard let permit else { return completion(.failure(WriteLane.forbidden)) }
    permit.refresh()
    if permit.mayWrite { return sendPermitted(operation, completion) }
    permit.whenDecided { mayWrite in
      if mayWrite {
        self.sendPermitted(operation, completion)
      } else {
        completion(.failure(WriteLane.forbidden))
      }
    }
  }

  private static let forbidden = LDAPError(
    code: .serverDown, diagnostic: "this process no longer leads", operation: "write")

  private func sendPermitted(
    _ operation: Operation, _ completion: @escaping @Reactor (Result<Void, LDAPError>) -> Void
  ) {
    let sent = ContinuousClock.now
    session.send(operation) { result in
      self.adapt(to: ContinuousClock.now - sent)
      completion(result)
    }
  }
}

/// One call of ``WriteLane/apply(_:)`` under way.
@Reactor
private final class ApplyRun {
  private let sequences: [Plan.Sequence]
  private let lane: WriteLane
  private var outcomes: [SequenceOutcome]
  private var open: Int
  private var completion: (@Reactor ([SequenceOutcome]) -> Void)?

  init(_ sequences: [Plan.Sequence], _ lane: WriteLane) {
    self.sequences = sequences
    self.lane = lane
    outcomes = sequences.map { _ in SequenceOutcome() }
    open = sequences.count
  }

  func begin(_ completion: @escaping @Reactor ([SequenceOutcome]) -> Void) {
    self.completion = completion
    for index in sequences.indices { lane.enter { self.step(index) } }
    lane.sendNow()
  }

  private func step(_ index: Int) {
    let done = outcomes[index].applied
    guard done < sequences[index].steps.count else { return end(index) }
    lane.send(sequences[index].steps[done].operation) { result in
      switch result {
      case .success:
        self.outcomes[index].applied += 1
        self.step(index)
      case .failure(let error):
        self.outcomes[index].failure = error
        self.undo(index, sequences: self.sequences[index].undo(refusedAt: done), error)
      }
    }
  }

  /// Takes an exchange of names back after its refusal; after a lost connection the replay finds it by its links.
  private func undo(_ index: Int, sequences operations: [Operation], _ error: LDAPError) {
    let failure = ErrorClassifier.classify(code: error.code, during: .rename)
    guard let first = operations.first, failure != .connectionLost else { return end(index) }
    lane.send(first) { result in
      guard case .success = result else { return self.end(index) }
      self.outcomes[index].isUndone = true
      self.undo(index, sequences: Array(operations.dropFirst()), error)
    }
  }

  private func end(_ index: Int) {
    lane.leave()
    open -= 1
    guard open == 0 else { return }
    let completion = self.completion
    self.completion = nil
    completion?(outcomes)
  }
}
