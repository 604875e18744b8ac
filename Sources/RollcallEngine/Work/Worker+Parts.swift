internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// A modify that is refused because of one attribute is sent again attribute by attribute: what does not depend on
/// the refused attribute is applied, and the refused one is reported.
extension Worker {
  /// Writes the acceptable parts of modifies that the server has refused as a whole.
  ///
  /// - Returns: the failures that are still to be judged, and the keys to look at again now.
  func sendParts(
    of failures: [Failure], except explained: Set<RosterKey>, _ pass: inout Pass
  ) async throws(EngineError) -> (rest: [Failure], again: [RosterKey]) {
    var rest: [Failure] = []
    var again: [RosterKey] = []
    for (sequence, outcome) in failures {
      let step = sequence.steps[outcome.applied]
      guard let error = outcome.failure, !explained.contains(step.key), mayBeOfOneAttribute(error, step, pass.isFirst),
        let refused = try await sendParts(of: step, pass.lane, &pass.report)
      else {
        rest.append((sequence, outcome))
        continue
      }
      let others = Set(sequence.steps[outcome.applied...].map(\.key)).subtracting([step.key])
      again += others
      if let first = refused.first {
        if !pass.isLast, try await learnUnique(first.part, first.error, pass.lane, &pass.report) {
          again.append(step.key)
        } else {
          pass.report.verdicts[step.key] = verdict(of: refused)
        }
      } else {
        again.append(step.key)
      }
    }
    return (rest, again)
  }

  private func mayBeOfOneAttribute(_ error: LDAPError, _ step: Step, _ isFirst: Bool) -> Bool {
    switch error.meaning(during: ErrorClassifier.Activity(step.operation)) {
    case .ofTheEntry: !(isFirst && stateReader.facts.dialect.collisionCodes.contains(error.code))
    case .access where ErrorClassifier.isReadOnly(error.code, error.diagnostic): false
    case .ambiguous, .access: true
    case .connectionLost, .busy, .repairable, .ofTheDirectory, .search: false
    }
  }

  /// Sends the parts one after the other.
  ///
  /// - Returns: the refused ones; nil if none was applied.
  private func sendParts(
    of step: Step, _ lane: DirectoryLink.Lane, _ report: inout WorkReport
  ) async throws(EngineError) -> [(part: Step, error: LDAPError)]? {
    let parts = stateReader.planner.parts(of: step)
    var refused: [(part: Step, error: LDAPError)] = []
    var isAnyTaken = false
    for part in parts {
      guard let error = try await link.lane(lane).apply([Plan.Sequence(steps: [part])])[0].failure else {
        isAnyTaken = true
        report.applied.append(part)
        report.freed += part.frees
        if part.clearsDisable { try await state.clearDisabled([part.key]) }
        continue
      }
      switch error.meaning(during: .modify) {
      case .connectionLost, .ofTheDirectory, .search:
        if UnknownOutcomes.isUnknown(error.code) { report.unknown.append(part) }
        throw .directory(error)
      case .busy, .ambiguous, .repairable, .ofTheEntry, .access: refused.append((part, error))
      }
      if stateReader.planner.isFoundation(part) { break }
    }
    return isAnyTaken ? refused : nil
  }

  private func verdict(of refused: [(part: Step, error: LDAPError)]) -> Verdict {
    let (part, error) = refused[0]
    var problem = Problem.refusal(of: part, error)
    let reasons = refused.map { "\($0.part.operation.attributeNames.joined(separator: ", ")): \($0.error.summary)" }
    problem.message =
      "key \(part.key): \(part.what.rawValue) of \(part.operation.dn.text): \(reasons.joined(separator: "; "))"
      + " (the other attributes are written)"
    switch error.meaning(during: .modify) {
    // The other person's entry may have got another name since it was read.
    case .ofTheEntry where stateReader.planner.refers(part.operation): return retry(part.key, problem, most: 5)
    case .ambiguous, .repairable: return retry(part.key, problem, most: 5)
    case .busy: return retry(part.key, problem, most: .max)
    case .access: return denied(part.key, problem)
    case .connectionLost, .ofTheEntry, .ofTheDirectory, .search:
      return .parked(problem, attempts: 1, retryAfter: nil)
    }
  }
}

extension Operation {
  /// The attributes that a modify changes, without duplicates.
  var attributeNames: [String] {
    guard case .modify(_, let modifications) = self else { return [] }
    var seen: Set<String> = []
    return modifications.map(\.attribute).filter { seen.insert($0.lowercased()).inserted }
  }
}
