internal import LDAP
internal import LDAPModel
internal import Postgres
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// Takes keys through the single path: read both sides, plan, apply.
@Reactor
final class Worker {
  let stateReader: StateReader
  let link: DirectoryLink
  let removalGuard: RemovalGuard
  let state: LedgerState
  let groups: GroupKeeper?
  let containers: ContainerMaker
  let recorder: Recorder?
  /// Nil if no references are configured.
  let references: ReferenceBook?

  /// - Parameters:
  ///   - groups: nil if none are configured.
  ///   - recorder: nil if no journal is kept.
  init(
    _ stateReader: StateReader, link: DirectoryLink, removalGuard: RemovalGuard, state: LedgerState,
    groups: GroupKeeper? = nil, recorder: Recorder? = nil
  ) {
    self.recorder = recorder
    references = stateReader.rules.references.isEmpty ? nil : ReferenceBook(state.ledger)
    self.stateReader = stateReader
    self.link = link
    self.removalGuard = removalGuard
    self.state = state
    self.groups = groups
    containers = ContainerMaker(stateReader.rules, stateReader.facts, link)
  }

  /// Works on a batch to the end, or until one of the sides is lost.
  ///
  /// Every key takes this path: both sides are read, the difference is planned, the plan is written, and the answers
  /// show which keys have ended and which are looked at once more.
  ///
  /// - Parameters:
  ///   - origin: the origin of the work on a key, and its cause.
  ///   - hasAwaited: whether a key has already waited for a holder.
  func work(
    _ keys: [RosterKey], _ lane: DirectoryLink.Lane,
    origin: @escaping @Reactor (RosterKey) -> (Origin, JournalCause),
    hasAwaited: @escaping @Reactor (RosterKey, RosterKey) -> Bool
  ) async -> WorkReport {
    var pass = Pass(keys, lane, origin: origin, hasAwaited: hasAwaited)
    do throws(EngineError) {
      while !pass.open.isEmpty {
        var survey = try await read(&pass)
        if try await separate(&survey, &pass) { continue }
        var plan = try await self.plan(survey, &pass)
        try await intend(plan, survey, &pass)
        try await beginPasswords(plan, survey)
        let turn = try await beginGroups(survey.subjects, &plan, &pass)
        try await recordAdopted(plan, survey)
        let written = try await write(plan, &pass)
        try await judge(written.failures, &pass)
        try await recordMeetings(survey, plan, written, pass)
        try await recordPasswords(survey, written, pass)
        try await endGroups(turn, &pass)
        try await makeContainers(for: written.failures, &pass)
        pass.endRound()
      }
    } catch {
      pass.report.trouble = error
    }
    if pass.report.trouble != nil { unsettle(pass.open, &pass.report) }
    await endReferences(&pass)
    return pass.report
  }

  /// Reads both sides, and records entries that become known.
  private func read(_ pass: inout Pass) async throws(EngineError) -> Survey {
    try link.lane(pass.lane).prepare()
    try await state.pins.endChanged(pass.open)
    var survey = try await stateReader.survey(pass.open, lane: pass.reading, careful: !pass.isFirst, book: references)
    pass.note(survey)
    // They go back to the queue.
    for key in survey.postponed { pass.report.verdicts[key] = nil }
    admitBatched(&survey)
    try await state.meetings.record(survey.made, ended: survey.ended)
    try await noteExpired(survey)
    // Last, so that a pin set meanwhile is respected.
    markPinned(&survey, pass.open)
    return survey
  }

  /// The plan within the budget; records keys that need nothing, cannot be written or have to wait.
  private func plan(_ survey: Survey, _ pass: inout Pass) async throws(EngineError) -> Plan {
    for (key, problem) in survey.problems where !survey.pinned.contains(key) {
      // Nothing reports that the filter matches the entry again, or that a row can be read in time.
      let isOpen = problem.reason == .excluded || problem.mayPass
      pass.report.verdicts[key] =
        isOpen ? retry(key, problem, most: .max) : .parked(problem, attempts: 1, retryAfter: nil)
    }
    for (key, holder) in survey.waits { pass.report.verdicts[key] = wait(key, for: holder) }
    var subjects = survey.subjects
    var plan = stateReader.planner.plan(subjects, occupants: survey.occupants)
    if !plan.removals.isEmpty {
      let withheld = try await removalGuard.withhold(plan.removals)
      if !withheld.isEmpty {
        for index in subjects.indices where withheld.contains(subjects[index].key) {
          subjects[index].removalHeld = true
        }
        plan = stateReader.planner.plan(subjects, occupants: survey.occupants)
        for key in withheld { pass.report.verdicts[key] = .withheld }
      }
    }
    try await dissolveHolds(subjects, plan)
    try await notePins(survey, plan)
    try await holdMeetings(subjects, plan, &pass.report)
    for key in plan.settled where pass.report.verdicts[key] == nil { pass.report.verdicts[key] = .settled }
    for (key, problem) in plan.parked {
      pass.report.verdicts[key] =
        problem.reason == .access
        ? denied(key, problem)
        : problem.mayPass ? retry(key, problem, most: .max) : .parked(problem, attempts: 1, retryAfter: nil)
    }
    for (key, blocker) in plan.blocked {
      if let verdict = waitForPin(key, blocker) {
        pass.report.verdicts[key] = verdict
      } else if pass.hasAwaited(key, blocker.key) {
        let problem = Problem.taken(from: key, by: blocker, stateReader.facts.schema)
        pass.report.verdicts[key] = .parked(problem, attempts: 1, retryAfter: nil)
      } else {
        pass.report.verdicts[key] = .waits(for: blocker.key)
      }
    }
    for key in survey.pinned { pass.report.verdicts[key] = .pinned }
    try await state.clearDisabled(plan.staleDisables)
    try await recordLeavers(subjects, plan, &pass.report)
    return plan
  }

  /// Deletes holds of rows that came back, and approved holds that are no longer needed.
  private func dissolveHolds(_ subjects: [Subject], _ plan: Plan) async throws(EngineError) {
    let removed = Set((plan.removals + plan.withheld + plan.shielded + plan.pinnedRemovals).map(\.key))
    let staying = subjects.map(\.key).filter { !removed.contains($0) }
    removalGuard.keep(staying)
    try await state.unhold(staying)
  }

  /// A sequence that was not completely carried out.
  typealias Failure = (sequence: Plan.Sequence, outcome: SequenceOutcome)

  /// The results of a plan: the ledger's row of its adds, the number of steps confirmed before it, the outcome of
  /// each sequence, and the failures.
  struct Written {
    var row: Int?
    var before: Int
    /// In the order of the sequences.
    var outcomes: [SequenceOutcome]
    var failures: [Failure]
  }

  /// Writes a plan: first to the ledger, for steps that it must record before they are sent.
  func write(_ plan: Plan, _ pass: inout Pass) async throws(EngineError) -> Written {
    let before = pass.report.applied.count
    let row = try await beginMaking(plan)
    let outcomes = try await apply(plan, pass.lane, &pass.report)
    let failures = zip(plan.sequences, outcomes).filter { $0.1.failure != nil }
    return Written(row: row, before: before, outcomes: outcomes, failures: failures.map { ($0.0, $0.1) })
  }

  private func apply(
    _ plan: Plan, _ lane: DirectoryLink.Lane, _ report: inout WorkReport
  ) async throws(EngineError) -> [SequenceOutcome] {
    if plan.sequences.isEmpty { return [] }
    let writing = try link.lane(lane)
    let journalled = plan.sequences.flatMap(\.steps).filter(\.journalDisable).map(\.key)
    try await state.recordDisabled(journalled)
    try await state.recordTemporary(plan.sequences)
    let outcomes = await writing.apply(plan.sequences)
    var enabled: [RosterKey] = []
    var undone: [Step] = []
    for (sequence, outcome) in zip(plan.sequences, outcomes) {
      let done = sequence.steps[..<outcome.applied]
      report.applied += done
      for step in done {
        removalGuard.applied(step)
        if step.clearsDisable { enabled.append(step.key) }
        report.freed += step.frees
        if state.isAwaited, let container = step.destination?.parent {
          report.freed.append(container.normalized(stateReader.facts.schema))
        }
      }
      let rest = Set(sequence.steps[outcome.applied...].map(\.key))
      for step in done where !rest.contains(step.key) && report.verdicts[step.key] == nil {
        report.verdicts[step.key] = .settled
      }
      if outcome.isUndone { undone += sequence.steps }
    }
    try await state.clearDisabled(enabled)
    try await state.leavers.forget(report.applied.filter { $0.what == .delete }.map(\.key))
    try await state.settleTemporary(report.applied, undone: undone)
    return outcomes
  }

  /// Removes duplicates, within the budget; returns whether there were any, whose keys then begin the next round.
  private func separate(_ survey: inout Survey, _ pass: inout Pass) async throws(EngineError) -> Bool {
    for key in survey.pinned { survey.duplicates[key] = nil }
    if pass.isLast || survey.duplicates.isEmpty { return false }
    let removals = survey.duplicates.compactMap { key, steps in
      steps.first.map { Removal(key: key, action: .delete, dn: $0.operation.dn) }
    }
    for key in try await removalGuard.withhold(removals) {
      survey.duplicates[key] = nil
      survey.problems[key] = nil
      pass.report.verdicts[key] = .withheld
    }
    let duplicates = survey.duplicates
    if duplicates.isEmpty { return false }
    if let groups { try note(try await groups.forget(Array(duplicates.values.joined()), pass.lane), &pass.report) }
    let sequences = duplicates.values.flatMap { $0.map { Plan.Sequence(steps: [$0]) } }
    try await intend(sequences.flatMap(\.steps), &pass)
    let outcomes = try await link.lane(pass.lane).apply(sequences)
    for (sequence, outcome) in zip(sequences, outcomes) {
      let done = sequence.steps[..<outcome.applied]
      pass.report.applied += done
      pass.report.freed += done.flatMap(\.frees)
      if let error = outcome.failure, UnknownOutcomes.isUnknown(error.code) { pass.report.unknown += sequence.steps }
    }
    pass.open = Array(duplicates.keys) + pass.open.filter { duplicates[$0] == nil }
    pass.endRound()
    return true
  }

  /// Determines what each failure means for its keys, and which are looked at again now.
  private func judge(_ failures: [Failure], _ pass: inout Pass) async throws(EngineError) {
    let explained = pass.isLast ? [] : try await learnUniques(failures, pass.lane, &pass.report)
    let (rest, again) = try await sendParts(of: failures, except: explained, &pass)
    pass.open = again + judge(rest, explained: explained, &pass)
  }

  /// - Parameter explained: keys for which the holder of the wanted value was found.
  /// - Returns: the keys to look at again now.
  private func judge(_ failures: [Failure], explained: Set<RosterKey>, _ pass: inout Pass) -> [RosterKey] {
    var again: [RosterKey] = []
    for (sequence, outcome) in failures {
      guard let error = outcome.failure else { continue }
      let step = sequence.steps[outcome.applied]
      if UnknownOutcomes.isUnknown(error.code) { pass.report.unknown.append(step) }
      let rest = Set(sequence.steps[outcome.applied...].map(\.key))
      let isOpen = pass.isFirst || explained.contains(step.key)
      switch verdict(error, step, isFirst: isOpen, isLast: pass.isLast) {
      case .verdict(let verdict):
        pass.report.verdicts[step.key] = verdict.naming(pass.report.holders[step.key])
        again += rest.subtracting([step.key])
      case .again: again += rest
      case .trouble: pass.report.trouble = .directory(error)
      }
    }
    return again
  }

  enum Judgement {
    case verdict(Verdict)
    case again
    case trouble
  }

  /// - Parameter isFirst: whether no search for the holders has been made yet.
  func verdict(_ error: LDAPError, _ step: Step, isFirst: Bool = false, isLast: Bool) -> Judgement {
    let problem = Problem.refusal(of: step, error)
    switch error.meaning(during: ErrorClassifier.Activity(step.operation)) {
    case .connectionLost, .ofTheDirectory, .search: return .trouble
    case .repairable where !isLast: return .again
    // The other person's entry may have got another name since it was read.
    case .ofTheEntry where stateReader.planner.refers(step.operation) && error.code == .constraintViolation:
      return isLast ? .verdict(retry(step.key, problem, most: 5)) : .again
    case .repairable: return .verdict(retry(step.key, problem, most: 5))
    case .ofTheEntry where isFirst && stateReader.facts.dialect.collisionCodes.contains(error.code): return .again
    case .ofTheEntry where stateReader.facts.dialect.uniqueness(in: error.diagnostic) != nil:
      // The holder is unknown, so nothing reports when the value becomes free.
      var problem = problem
      problem.reason = .nameTaken
      return .verdict(retry(step.key, problem, most: .max))
    case .ofTheEntry: return .verdict(.parked(problem, attempts: 1, retryAfter: nil))
    case .access: return .verdict(denied(step.key, problem))
    case .ambiguous: return .verdict(retry(step.key, problem, most: 5))
    case .busy: return .verdict(retry(step.key, problem, most: .max))
    }
  }

  /// Parks a key that the server does not let us write: nothing reports when it does (a right, a referral removed).
  func denied(_ key: RosterKey, _ problem: Problem) -> Verdict { retry(key, problem, most: .max, cap: .seconds(60)) }

  /// Parks a key for a while, or permanently after enough attempts.
  func retry(_ key: RosterKey, _ problem: Problem, most: Int, cap: Duration = .seconds(300)) -> Verdict {
    let attempts = state.attempts(of: key) + 1
    let backoff = Backoff(base: .seconds(1), cap: cap)
    let delay = backoff.delay(attempt: attempts, random: Double.random(in: 0..<1))
    return .parked(problem, attempts: attempts, retryAfter: attempts >= most ? nil : delay / .seconds(1))
  }
}
