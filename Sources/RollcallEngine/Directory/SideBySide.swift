internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallLedger

struct SearchRequest: Sendable {
  var base: DistinguishedName
  var scope: SearchScope
  var filter: Filter
  var attributes: [String]
}

/// Runs searches concurrently, up to a limit, and returns their answers in order.
@Reactor
final class SideBySide {
  private let requests: [SearchRequest]
  private let session: LDAPSession
  private let absent: Set<ResultCode>
  /// Codes of a search that finds more than the server gives; its answer is nil.
  private let excess: Set<ResultCode>
  private var answers: [[Entry]?]
  private var next = 0
  private var open = 0
  private var failure: LDAPError?
  private var completion: (@Reactor (Result<[[Entry]?], LDAPError>) -> Void)?

  /// - Parameter absent: codes that mean that nothing was found; any other code fails all searches.
  static func run(
    _ requests: [SearchRequest], _ session: LDAPSession,
    absent: Set<ResultCode> = [],
    atOnce: Int
  ) async throws(EngineError) -> [[Entry]] {
    try await limited(requests, session, absent: absent, excess: [], atOnce: atOnce).map { $0 ?? [] }
  }

  /// The same; the answer of a search that is refused with one of the codes `excess` is nil.
  static func limited(
    _ requests: [SearchRequest], _ session: LDAPSession, absent: Set<ResultCode>, excess: Set<ResultCode>, atOnce: Int
  ) async throws(EngineError) -> [[Entry]?] {
    if requests.isEmpty { return [] }
    let run = SideBySide(requests, session, absent, excess)
    let result: Result<[[Entry]?], LDAPError> = unsafe await withUnsafeContinuation { continuation in
      run.completion = { unsafe continuation.resume(returning: $0) }
      for _ in 0..<min(atOnce, requests.count) { run.begin() }
    }
    return try result.mapError { EngineError.directory($0) }.get()
  }

  private init(
    _ requests: [SearchRequest], _ session: LDAPSession, _ absent: Set<ResultCode>, _ excess: Set<ResultCode>
  ) {
    self.requests = requests
    self.session = session
    self.absent = absent
    self.excess = excess
    answers = requests.map { _ in [Entry]() }
  }

  private func begin() {
    guard next < requests.count, failure == nil else {
      if open == 0 { end() }
      return
    }
    let index = next
    let request = requests[index]
    next += 1
    open += 1
    session.search(
      base: request.base, scope: request.scope, filter: request.filter, attributes: request.attributes
    ) {
      switch $0 {
      case .success(let entries): self.answers[index] = entries
      case .failure(let error) where self.excess.contains(error.code): self.answers[index] = nil
      case .failure(let error): if !self.absent.contains(error.code) { self.failure = self.failure ?? error }
      }
      self.open -= 1
      self.begin()
    }
  }

  private func end() {
    let completion = self.completion
    self.completion = nil
    completion?(failure.map { .failure($0) } ?? .success(answers))
  }
}
