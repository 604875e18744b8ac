internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// Refusals because another entry has a value (slapd's overlay `unique`, 389's plug-in).
extension Worker {
  /// Finds out which attributes caused refusals; later plans search for the holders of their values.
  ///
  /// - Returns: the keys whose refusals this explains.
  func learnUniques(
    _ failures: [Failure], _ lane: DirectoryLink.Lane,
    _ report: inout WorkReport
  ) async throws(EngineError) -> Set<RosterKey> {
    var explained: Set<RosterKey> = []
    for (sequence, outcome) in failures {
      guard let error = outcome.failure else { continue }
      let step = sequence.steps[outcome.applied]
      if try await learnUnique(step, error, lane, &report) { explained.insert(step.key) }
    }
    return explained
  }

  /// Whether a value that another entry has explains the refusal of one step.
  func learnUnique(
    _ step: Step, _ error: LDAPError, _ lane: DirectoryLink.Lane, _ report: inout WorkReport
  ) async throws(EngineError) -> Bool {
    guard stateReader.facts.dialect.collisionCodes.contains(error.code),
      let named = stateReader.facts.dialect.uniqueness(in: error.diagnostic)
    else { return false }
    // The link and create-only values cannot be exchanged, but their holder can be named.
    let others = step.operation.givenValues.filter { given in
      stateReader.mapped(given.0) == nil && named.contains { stateReader.isSame($0, given.0) }
    }
    if let holder = try await stateReader.holder(of: others, besides: step.operation.dn, try reading(lane)) {
      report.holders[step.key] = holder
    }
    let names = Set(named.compactMap(stateReader.mapped))
    let candidates = step.operation.givenValues.compactMap { attribute, value in
      stateReader.mapped(attribute).map { (attribute: $0, value: value) }
    }.filter { names.isEmpty || names.contains($0.attribute) }
    let held = try await stateReader.held(candidates, besides: step.operation.dn, try reading(lane))
    // If the server names no attribute, two held values are ambiguous: full names may well be shared.
    guard !held.isEmpty, !names.isEmpty || held.count == 1 else { return false }
    for (attribute, isWide) in held { stateReader.learn(unique: attribute, isWide: isWide) }
    return true
  }

  private func reading(_ lane: DirectoryLink.Lane) throws(EngineError) -> LDAPSession {
    try link.session(lane == .fast ? .fast : .reading)
  }
}

extension Operation {
  /// The values that the operation gives an entry.
  fileprivate var givenValues: [(String, AttributeValue)] {
    switch self {
    case .add(_, let attributes): attributes.flatMap { attribute in attribute.values.map { (attribute.name, $0) } }
    case .modify(_, let modifications):
      modifications.filter { $0.kind != .delete }.flatMap { change in change.values.map { (change.attribute, $0) } }
    case .rename(_, let name, _, _): name.parts.map { ($0.type, $0.value) }
    case .delete: []
    }
  }
}

extension Verdict {
  /// The same verdict, with the holder in its message.
  func naming(_ holder: String?) -> Verdict {
    guard let holder, case .parked(var problem, let attempts, let retryAfter) = self, problem.reason == .nameTaken
    else {
      return self
    }
    problem.message += " (\(holder))"
    return .parked(problem, attempts: attempts, retryAfter: retryAfter)
  }
}
