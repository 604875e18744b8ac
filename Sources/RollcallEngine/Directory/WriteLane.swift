internal import DequeModule
internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallCore

/// The result of one sequence of a plan.
struct SequenceOutcome: Sendable {
  /// Number of steps that the server has confirmed, from the first on.
  var applied = 0
  /// Why the next step failed; nil if all were applied.
  var failure: LDAPError?
  /// Whether a partial exchange of names was undone.
  var isUndone = false
}

/// The window of operations in flight on one session.
///
/// A server that writes entries one after the other delays each operation until the earlier ones are done, even an
/// urgent one on another session. The window therefore shrinks while answers take long and grows while they come
/// quickly: a fast server is kept busy, and a slow one gets no more than it can carry out in a moment.
@Reactor
final class WriteLane {
  /// Answers slower than the upper bound shrink the window, answers faster than the lower bound widen it.
  private static let calm: (lower: Duration, upper: Duration) = (.milliseconds(50), .milliseconds(100))
  /// With fewer, a long round trip or a busy client would look like a slow server.
  private static let least = 32

  private let session: LDAPSession
  private let probe: ReadOnlyProbe
  private let limit: Int
  /// A younger permission is not asked for before a write.
  private let fresh: Duration
  private var window: Int
  private var running = 0
  private var waiting = Deque<@Reactor () -> Void>()
  /// Asked before each send; without it nothing is sent.
  weak var permit: (any WritePermit)?
  /// The values that no error quotes.
  var hidden: HiddenValues?
  /// Told what the server answers.
  weak var counting: Counting?

  init(_ session: LDAPSession, probe: ReadOnlyProbe, limit: Int, fresh: Duration) {
    self.session = session
    self.fresh = fresh
    self.probe = probe
    self.limit = limit
    window = limit
  }

  /// Call it before writes: the permission is requested while their data are read.
  func prepare() { permit?.refresh(olderThan: fresh) }

  /// Applies sequences concurrently, the steps of each in order, and returns when all have ended.
  func apply(_ sequences: [Plan.Sequence]) async -> [SequenceOutcome] {
    if sequences.isEmpty { return [] }
    let run = ApplyRun(sequences, self)
    var outcomes: [SequenceOutcome] = unsafe await withUnsafeContinuation { continuation in
      run.begin { unsafe continuation.resume(returning: $0) }
    }
    await probe.judge(&outcomes, session)
    return outcomes
  }

  fileprivate func enter(_ job: @escaping @Reactor () -> Void) {
    if running < window {
      running += 1
      job()
    } else {
      waiting.append(job)
    }
  }

  fileprivate func note(_ what: Step.What, _ result: Result<Void, LDAPError>) {
    switch result {
    case .success: counting?.counters.note(what, .done)
    case .failure(let error):
      counting?.counters.note(what, UnknownOutcomes.isUnknown(error.code) ? .unknown : .refused)
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
    permit.refresh(olderThan: fresh)
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
      guard case .failure(var error) = result, let hidden = self.hidden else { return completion(result) }
      error.diagnostic = hidden.removed(from: error.diagnostic, about: operation)
      completion(.failure(error))
    }
  }
}

/// One call of ``WriteLane/apply(_:)`` in progress.
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
    let step = sequences[index].steps[done]
    lane.send(step.operation) { result in
      self.lane.note(step.what, result)
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

  /// Undoes a refused exchange of names; after a lost connection the replay finds the entries by their links.
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
