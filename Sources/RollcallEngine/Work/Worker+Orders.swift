internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// Steps that no row asks for.
extension Worker {
  /// Writes them like the steps of a plan: with the ledger's records before and after.
  ///
  /// - Parameter entries: the people's entries before the steps.
  /// - Returns: how each sequence has ended; for a refused one, its key's verdict has the reason.
  func carryOut(
    _ sequences: [Plan.Sequence], of entries: [RosterKey: Entry], because cause: JournalCause
  ) async -> (report: WorkReport, outcomes: [SequenceOutcome]) {
    var pass = Pass([], .bulk, origin: { _ in (Origin(), cause) }, hasAwaited: { _, _ in false })
    pass.report.entries = entries
    var plan = Plan()
    plan.sequences = sequences
    var outcomes = sequences.map { _ in SequenceOutcome() }
    do throws(EngineError) {
      try link.lane(pass.lane).prepare()
      try await intend(sequences.flatMap(\.steps).filter(\.isRemoval), &pass)
      let written = try await write(plan, &pass)
      outcomes = written.outcomes
      for (sequence, outcome) in written.failures {
        let step = sequence.steps[outcome.applied]
        guard let error = outcome.failure else { continue }
        if UnknownOutcomes.isUnknown(error.code) {
          pass.report.unknown.append(step)
          pass.report.verdicts[step.key] = nil
          pass.report.trouble = .directory(error)
        } else {
          pass.report.verdicts[step.key] = .parked(.refusal(of: step, error), attempts: 1, retryAfter: nil)
        }
      }
      try await recordMeetings(Survey(), plan, written, pass)
    } catch {
      pass.report.trouble = error
    }
    return (pass.report, outcomes)
  }
}
