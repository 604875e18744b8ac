internal import LDAP
package import LDAPModel
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

extension Worker {
  /// Creates containers whose absence has caused failures.
  ///
  /// Keys whose container cannot be created are not looked at again now; keys whose missing container now exists are.
  func makeContainers(for failures: [Failure], _ pass: inout Pass) async throws(EngineError) {
    if stateReader.rules.containers.isEmpty, stateReader.rules.leavers == nil { return }
    var out: Set<RosterKey> = []
    var again: [RosterKey] = []
    var made: [String: (wasMissing: Bool, problem: Problem?)] = [:]
    for (sequence, outcome) in failures {
      guard let code = outcome.failure?.code, mayBeMissingParent(code) else { continue }
      let step = sequence.steps[outcome.applied]
      guard let place = step.destination, let container = place.parent?.normalized(stateReader.facts.schema)
      else { continue }
      if made[container] == nil {
        let result = try await containers.make(above: place, for: step.key, pass.lane)
        pass.report.applied += result.applied
        pass.report.freed += result.applied.map { $0.operation.dn.normalized(stateReader.facts.schema) }
        made[container] = (result.wasMissing, result.problem)
      }
      guard let result = made[container] else { continue }
      if var problem = result.problem {
        // Another client may create it: the first person in it wakes the others.
        problem.blocks = problem.blocks ?? container
        pass.report.verdicts[step.key] = retry(
          step.key, problem.concerning(step.key), most: .max, cap: Worker.containerPause)
        out.insert(step.key)
      } else if result.wasMissing, !pass.isLast, !pass.open.contains(step.key) {
        pass.report.verdicts[step.key] = nil
        again.append(step.key)
      }
    }
    pass.open = pass.open.filter { !out.contains($0) } + again
  }

  /// The longest pause between two attempts while a container is missing: nothing reports that it was created.
  private static var containerPause: Duration { .seconds(60) }

  /// Whether a server may return the code for an entry below a container that does not exist. Active Directory
  /// returns `other` for a move, and slapd `affectsMultipleDSAs` if no database holds the new place.
  private func mayBeMissingParent(_ code: ResultCode) -> Bool {
    switch code {
    case .noSuchObject, .other, .unwillingToPerform, .namingViolation, .affectsMultipleDSAs: true
    default: false
    }
  }
}

extension Step {
  /// The DN that this step gives an entry; nil if the entry stays or is deleted.
  package var destination: DistinguishedName? {
    switch operation {
    case .add(let dn, _): dn
    case .rename(_, let name, _, let parent?): parent.child(name)
    case .rename, .modify, .delete: nil
    }
  }
}
