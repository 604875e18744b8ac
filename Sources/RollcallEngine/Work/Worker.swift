internal import LDAP
internal import LDAPModel
internal import Postgres
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// Takes keys through the one path: read both sides, plan, apply.
@Reactor
final class Worker {
  /// Looks at a key before its failure is taken for lasting; the second look is careful, the third sees what a
  /// rival did meanwhile.
  private static let rounds = 4

  let surveyor: Surveyor
  let link: DirectoryLink
  let gatekeeper: Gatekeeper
  let state: LedgerState
  let groups: GroupKeeper?
  let containers: ContainerMaker

  /// - Parameter groups: nil where none are configured.
  init(
    _ surveyor: Surveyor, link: DirectoryLink, gatekeeper: Gatekeeper, state: LedgerState, groups: GroupKeeper? = nil
  ) {
    self.surveyor = surveyor
    self.link = link
    self.gatekeeper = gatekeeper
    self.state = state
    self.groups = groups
    containers = ContainerMaker(surveyor.rules, surveyor.facts, link)
  }

  /// Works on a batch to the end, or until one of the sides is lost.
  ///
  /// - Parameters:
  ///   - hasAwaited: whether a key has waited for a holder before.
  func work(
    _ keys: [RosterKey], _ lane: DirectoryLink.Lane, hasAwaited: (RosterKey, RosterKey) -> Bool
  ) async -> WorkReport {
    var report = WorkReport()
    var open = keys
    var round = 0
    do throws(EngineError) {
      while !open.isEmpty {
        let reading: DirectoryLink.Lane = lane == .fast ? .fast : .reading
        try link.lane(lane).prepare()
        var survey = try await surveyor.survey(open, lane: reading, careful: round > 0)
        // They go back to the queue.
        for key in survey.postponed { report.verdicts[key] = nil }
        admitGathered(&survey)
        try await state.meetings.record(survey.made, ended: survey.ended)
        if round + 1 < Worker.rounds, let apart = try await separate(&survey, lane, &report) {
          open = apart + open.filter { !apart.contains($0) }
          round += 1
          continue
        }
        var plan = try await self.plan(survey, hasAwaited, &report)
        let isLast = round + 1 >= Worker.rounds
        let turn = try await beginGroups(survey.subjects, &plan, lane, hasAwaited, isLast: isLast, &report)
        let done = report.applied.count
        let row = try await beginMaking(plan)
        let failures = try await apply(plan, lane, &report)
        let explained = isLast ? [] : try await learnUniques(failures, lane, &report)
        let (rest, again) = try await sendParts(
          of: failures, except: explained, lane, isFirst: round == 0, isLast: isLast, &report)
        open = again + judge(rest, explained: explained, isFirst: round == 0, isLast: isLast, &report)
        try await recordMeetings(survey, plan, row, done: report.applied[done...], failures, lane, report)
        open += try await endGroups(turn, lane, isLast: isLast, &report)
        open = try await makeContainers(for: failures, lane, open, isLast: isLast, &report)
        round += 1
      }
    } catch {
      report.trouble = error
    }
    if report.trouble != nil { unsettle(open, &report) }
    return report
  }

  private func plan(
    _ survey: Survey, _ hasAwaited: (RosterKey, RosterKey) -> Bool, _ report: inout WorkReport
  ) async throws(EngineError) -> Plan {
    for (key, problem) in survey.problems {
      // That the filter matches it is nothing that anybody tells.
      let isOpen = problem.reason == .excluded
      report.verdicts[key] = isOpen ? retry(key, problem, most: .max) : .parked(problem, attempts: 1, retryAfter: nil)
    }
    for (key, holder) in survey.waits { report.verdicts[key] = .waits(for: holder) }
    var subjects = survey.subjects
    var plan = surveyor.planner.plan(subjects, occupants: survey.occupants)
    if !plan.removals.isEmpty {
      let withheld = try await gatekeeper.withhold(plan.removals)
      if !withheld.isEmpty {
        for index in subjects.indices where withheld.contains(subjects[index].key) {
          subjects[index].removalHeld = true
        }
        plan = surveyor.planner.plan(subjects, occupants: survey.occupants)
        for key in withheld { report.verdicts[key] = .withheld }
      }
    }
    try await dissolveHolds(subjects, plan)
    try await holdMeetings(subjects, plan, &report)
    for key in plan.settled where report.verdicts[key] == nil { report.verdicts[key] = .settled }
    for (key, problem) in plan.parked {
      report.verdicts[key] =
        problem.reason == .access
        ? denied(key, problem)
        : problem.mayPass ? retry(key, problem, most: .max) : .parked(problem, attempts: 1, retryAfter: nil)
    }
    for (key, blocker) in plan.blocked {
      if hasAwaited(key, blocker.key) {
        let problem = Problem.taken(from: key, by: blocker, surveyor.facts.schema)
        report.verdicts[key] = .parked(problem, attempts: 1, retryAfter: nil)
      } else {
        report.verdicts[key] = .waits(for: blocker.key)
      }
    }
    try await state.clearDisabled(plan.staleDisables)
    return plan
  }

  /// A row that came back, or a hold that was approved and is not needed any more, ends the hold.
  private func dissolveHolds(_ subjects: [Subject], _ plan: Plan) async throws(EngineError) {
    let removed = Set(plan.removals.map(\.key)).union(plan.withheld.map(\.key)).union(plan.shielded.map(\.key))
    let staying = subjects.map(\.key).filter { !removed.contains($0) }
    gatekeeper.keep(staying)
    try await state.unhold(staying)
  }

  /// Applies a plan and returns the steps that failed, with those behind them.
  private func apply(
    _ plan: Plan, _ lane: DirectoryLink.Lane, _ report: inout WorkReport
  ) async throws(EngineError) -> [(sequence: Plan.Sequence, outcome: SequenceOutcome)] {
    if plan.sequences.isEmpty { return [] }
    let writing = try link.lane(lane)
    let journalled = plan.sequences.flatMap(\.steps).filter(\.journalDisable).map(\.key)
    try await state.recordDisabled(journalled)
    try await state.recordTemporary(plan.sequences)
    let outcomes = await writing.apply(plan.sequences)
    var failed: [(Plan.Sequence, SequenceOutcome)] = []
    var enabled: [RosterKey] = []
    var undone: [Step] = []
    for (sequence, outcome) in zip(plan.sequences, outcomes) {
      let done = sequence.steps[..<outcome.applied]
      report.applied += done
      for step in done {
        gatekeeper.applied(step)
        if step.clearsDisable { enabled.append(step.key) }
        report.freed += step.frees
        if state.isAwaited, let container = step.destination?.parent {
          report.freed.append(container.normalized(surveyor.facts.schema))
        }
      }
      let rest = Set(sequence.steps[outcome.applied...].map(\.key))
      for step in done where !rest.contains(step.key) && report.verdicts[step.key] == nil {
        report.verdicts[step.key] = .settled
      }
      if outcome.isUndone { undone += sequence.steps }
      if outcome.failure != nil { failed.append((sequence, outcome)) }
    }
    try await state.clearDisabled(enabled)
    try await state.settleTemporary(report.applied, undone: undone)
    return failed
  }

  /// Takes twins apart, within the budget; returns the keys that had one, nil where none has.
  private func separate(
    _ survey: inout Survey, _ lane: DirectoryLink.Lane, _ report: inout WorkReport
  ) async throws(EngineError) -> [RosterKey]? {
    if survey.twins.isEmpty { return nil }
    let removals = survey.twins.compactMap { key, steps in
      steps.first.map { Removal(key: key, action: .delete, dn: $0.operation.dn) }
    }
    for key in try await gatekeeper.withhold(removals) {
      survey.twins[key] = nil
      survey.problems[key] = nil
      report.verdicts[key] = .withheld
    }
    let twins = survey.twins
    if twins.isEmpty { return nil }
    if let groups { try note(try await groups.forget(Array(twins.values.joined()), lane), &report) }
    let sequences = twins.values.flatMap { $0.map { Plan.Sequence(steps: [$0]) } }
    let outcomes = try await link.lane(lane).apply(sequences)
    for (sequence, outcome) in zip(sequences, outcomes) {
      let done = sequence.steps[..<outcome.applied]
      report.applied += done
      report.freed += done.flatMap(\.frees)
      if let error = outcome.failure, UnknownOutcomes.isUnknown(error.code) { report.unknown += sequence.steps }
    }
    return Array(twins.keys)
  }

  /// What each failure means for its keys; returns those that are looked at again now.
  ///
  /// - Parameter explained: keys of which it turned out who has what they want.
  private func judge(
    _ failures: [(sequence: Plan.Sequence, outcome: SequenceOutcome)], explained: Set<RosterKey>, isFirst: Bool,
    isLast: Bool,
    _ report: inout WorkReport
  ) -> [RosterKey] {
    var again: [RosterKey] = []
    for (sequence, outcome) in failures {
      guard let error = outcome.failure else { continue }
      let step = sequence.steps[outcome.applied]
      if UnknownOutcomes.isUnknown(error.code) { report.unknown.append(step) }
      let rest = Set(sequence.steps[outcome.applied...].map(\.key))
      let isOpen = isFirst || explained.contains(step.key)
      let verdict = self.verdict(error, step, isFirst: isOpen, isLast: isLast)
      switch verdict {
      case .verdict(let verdict):
        report.verdicts[step.key] = verdict.naming(report.holders[step.key])
        again += rest.subtracting([step.key])
      case .again: again += rest
      case .trouble: report.trouble = .directory(error)
      }
    }
    return again
  }

  enum Judgement {
    case verdict(Verdict)
    case again
    case trouble
  }

  /// - Parameter isFirst: nobody has looked yet who has what is wanted.
  func verdict(_ error: LDAPError, _ step: Step, isFirst: Bool = false, isLast: Bool) -> Judgement {
    let activity = ErrorClassifier.Activity(step.operation)
    let problem = Problem.refusal(of: step, error)
    switch ErrorClassifier.classify(code: error.code, during: activity, diagnostic: error.diagnostic) {
    case .connectionLost, .ofTheDirectory, .search: return .trouble
    case .repairable where !isLast: return .again
    case .repairable: return .verdict(retry(step.key, problem, most: 5))
    case .ofTheEntry where isFirst && surveyor.facts.dialect.collisionCodes.contains(error.code): return .again
    case .ofTheEntry where surveyor.facts.dialect.uniqueness(in: error.diagnostic) != nil:
      // Nobody knows who has it, so nobody tells when it is free.
      var problem = problem
      problem.reason = .nameTaken
      return .verdict(retry(step.key, problem, most: .max))
    case .ofTheEntry: return .verdict(.parked(problem, attempts: 1, retryAfter: nil))
    case .access: return .verdict(denied(step.key, problem))
    case .ambiguous: return .verdict(retry(step.key, problem, most: 5))
    case .busy: return .verdict(retry(step.key, problem, most: .max))
    }
  }

  /// Sets a key aside that the server does not let us write: nobody tells when it does.
  func denied(_ key: RosterKey, _ problem: Problem) -> Verdict { retry(key, problem, most: .max, cap: .seconds(60)) }

  /// Sets a key aside for a while, or for good when it has been tried often enough.
  func retry(_ key: RosterKey, _ problem: Problem, most: Int, cap: Duration = .seconds(300)) -> Verdict {
    let attempts = state.attempts(of: key) + 1
    let backoff = Backoff(base: .seconds(1), cap: cap)
    let delay = backoff.delay(attempt: attempts, random: Double.random(in: 0..<1))
    return .parked(problem, attempts: attempts, retryAfter: attempts >= most ? nil : delay / .seconds(1))
  }
}
