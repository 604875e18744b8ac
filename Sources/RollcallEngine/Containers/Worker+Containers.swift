internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallCore

extension Worker {
  /// Makes containers whose absence was the reason of failures.
  ///
  /// - Parameter open: the keys that are looked at again.
  /// - Returns: those of them for which that makes sense.
  func makeContainers(
    for failures: [(sequence: Plan.Sequence, outcome: SequenceOutcome)], _ lane: DirectoryLink.Lane,
    _ open: [RosterKey],
    _ report: inout WorkReport
  ) async throws(EngineError) -> [RosterKey] {
    if surveyor.rules.containers.isEmpty { return open }
    var out: Set<RosterKey> = []
    var made: [String: Problem?] = [:]
    for (sequence, outcome) in failures where outcome.failure?.code == .noSuchObject {
      let step = sequence.steps[outcome.applied]
      guard let place = step.destination, let container = place.parent?.normalized(surveyor.facts.schema)
      else {
        continue
      }
      if made[container] == nil {
        let (applied, problem) = try await containers.make(above: place, for: step.key, lane)
        report.applied += applied
        made[container] = .some(problem)
      }
      if let problem = made[container] ?? nil {
        report.verdicts[step.key] = retry(step.key, problem.concerning(step.key), most: .max)
        out.insert(step.key)
      }
    }
    return open.filter { !out.contains($0) }
  }
}

extension Step {
  /// Where an entry comes to be by this step; nil where it stays or goes.
  var destination: DistinguishedName? {
    switch operation {
    case .add(let dn, _): dn
    case .rename(_, let name, _, let parent?): parent.child(name)
    case .rename, .modify, .delete: nil
    }
  }
}
