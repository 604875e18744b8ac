internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// Entries seen for the first time: which of them wait, and which are known from now on.
extension Worker {
  /// A batch that holds every removal also holds those of unknown entries, each with its name and action.
  func admitBatched(_ survey: inout Survey) {
    for index in survey.subjects.indices where !survey.subjects[index].acquaintance.contains(.removal) {
      if removalGuard.holdsRemoval(of: survey.subjects[index].key) {
        survey.subjects[index].acquaintance.insert(.removal)
      }
    }
  }

  /// Records what a plan leaves for a person to decide, and deletes what needs no decision any more.
  func holdMeetings(
    _ subjects: [Subject], _ plan: Plan, _ report: inout WorkReport
  ) async throws(EngineError) {
    let meetings = state.meetings
    let waiting = Set(plan.takeovers.map(\.subject))
    let over = subjects.filter { !waiting.contains($0.key) && !$0.isPinned }.map(\.key).filter {
      meetings.takeovers[$0]?.isApproved == false
    }
    try await meetings.unhold(over)
    try await meetings.hold(plan.takeovers)
    let changed = Set(subjects.filter(\.isChangedByHand).map(\.key))
    try await state.hold(plan.shielded.filter { !changed.contains($0.key) }, .people)
    try await state.hold(plan.shielded.filter { changed.contains($0.key) }, .people, because: .changedByHand)
    for key in waiting.union(plan.shielded.map(\.key)) { report.verdicts[key] = .withheld }
  }

  /// Records the adds of a plan before they are sent to the directory; returns the ledger's row.
  func beginMaking(_ plan: Plan) async throws(EngineError) -> Int? {
    let adds = plan.sequences.flatMap(\.steps).filter { $0.what == .create }
    return try await state.meetings.beginMaking(
      adds.map { MadeEntry(key: $0.key, name: $0.operation.dn.normalized(stateReader.facts.schema)) })
  }

  /// Records unlinked entries that are taken over, before they get the link: after a crash they would be a stranger's.
  func recordAdopted(_ plan: Plan, _ survey: Survey) async throws(EngineError) {
    if plan.adopted.isEmpty, survey.unmet.isEmpty { return }
    let written = Set(plan.sequences.flatMap(\.steps).map(\.key))
    var adopted = plan.adopted.filter { written.contains($0.key) }.mapValues { stateReader.facts.id(of: $0) }
    for subject in survey.subjects where written.contains(subject.key) {
      if let entry = subject.current, entry[stateReader.rules.link].isEmpty {
        adopted[subject.key] = survey.unmet[subject.key]
      }
    }
    if !adopted.isEmpty { try await state.meetings.record(adopted.map { (key: $0.key, id: $0.value) }) }
  }

  /// Records the entries that are known from now on: those that were created, and those whose change was approved.
  func recordMeetings(
    _ survey: Survey, _ plan: Plan, _ written: Written, _ pass: Pass
  ) async throws(EngineError) {
    var made: [Step] = []
    var gone: [RosterKey] = []
    var met: [RosterKey: String] = [:]
    for step in pass.report.applied[written.before...] {
      switch step.what {
      case .create: made.append(step)
      case .delete: gone.append(step.key)
      default:
        if let entry = plan.adopted[step.key] {
          met[step.key] = stateReader.facts.id(of: entry)
        } else if let id = survey.unmet[step.key] {
          met[step.key] = id
        }
      }
    }
    for subject in survey.subjects where survey.unmet[subject.key] != nil && isSettled(subject.key, pass.report) {
      if isOurs(subject) { met[subject.key] = survey.unmet[subject.key] }
    }
    // A deleted entry stays known: a server that is behind, or a backup, may still have it.
    for key in gone { met[key] = nil }
    var entries = met.map { (key: $0.key, id: $0.value) }
    var ended: [RosterKey] = []
    if !made.isEmpty, let found = await stateReader.ids(of: made, pass.reading) {
      entries += found
      ended = found.map(\.key)
    }
    // A refused add has created nothing. An add that was not answered may still be carried out, and an entry that is
    // not found yet may be seen later.
    var open = Set(made.map(\.key)).union(pass.report.unknown.map(\.key))
    for (sequence, outcome) in written.failures {
      guard let error = outcome.failure, UnknownOutcomes.isUnknown(error.code) else { continue }
      open.formUnion(sequence.steps[outcome.applied...].map(\.key))
    }
    ended += plan.sequences.flatMap(\.steps).filter { $0.what == .create && !open.contains($0.key) }.map(\.key)
    try await state.meetings.record(
      entries, ended: written.row.map { row in ended.map { .init(key: $0, row: row) } } ?? [])
  }

  private func isSettled(_ key: RosterKey, _ report: WorkReport) -> Bool {
    if case .settled? = report.verdicts[key] { true } else { false }
  }

  /// Whether an entry that is in step becomes known without a change: it was released or wanted.
  private func isOurs(_ subject: Subject) -> Bool {
    switch state.meetings.phase {
    case .recording: return state.meetings.isRecording(subject.key)
    case .first where subject.desired.wanted != nil: return true
    case .first, .complete: return subject.acquaintance.contains(.change) && subject.desired.wanted != nil
    }
  }
}

extension StateReader {
  /// The ids of entries that were just created; nil if they cannot be read now.
  func ids(of made: [Step], _ lane: DirectoryLink.Lane) async -> [(key: RosterKey, id: String)]? {
    let finder = EntryFinder(
      base: rules.base, suffix: rules.base, link: rules.link, filter: nil,
      attributes: [rules.link, facts.dialect.identityAttribute])
    let names = Dictionary(made.map { ($0.key, $0.operation.dn.normalized(facts.schema)) }) { $1 }
    do throws(EngineError) {
      let session = try link.session(lane)
      return try await finder.linked(to: Array(names.keys), session).entries().flatMap { entry in
        // Another client may have given another entry the same link.
        let name = entry.dn.normalized(facts.schema)
        let keys = entry[rules.link].compactMap { $0.text.map { RosterKey($0) } }.filter { names[$0] == name }
        return keys.map { (key: $0, id: facts.id(of: entry)) }
      }
    } catch {
      // They stay recorded as adds in progress, and are read at the next look.
      return nil
    }
  }
}
