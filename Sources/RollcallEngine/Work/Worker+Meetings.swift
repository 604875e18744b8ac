internal import LDAP
internal import LDAPModel
internal import Logging
internal import Reactor
internal import RollcallCore

/// First meetings: which of them wait, and who is known from now on.
extension Worker {
  /// A gathering that holds every removal holds strangers' too, by name and with what would be done.
  func admitGathered(_ survey: inout Survey) {
    for index in survey.subjects.indices where !survey.subjects[index].acquaintance.contains(.removal) {
      if gatekeeper.holdsRemoval(of: survey.subjects[index].key) {
        survey.subjects[index].acquaintance.insert(.removal)
      }
    }
  }

  /// Writes down what a plan has left for a person to decide, and forgets what needs no decision any more.
  func holdMeetings(
    _ subjects: [Subject], _ plan: Plan, _ report: inout WorkReport
  ) async throws(EngineError) {
    let meetings = state.meetings
    let waiting = Set(plan.takeovers.map(\.subject))
    let over = subjects.filter { !waiting.contains($0.key) }.map(\.key).filter {
      meetings.takeovers[$0]?.isApproved == false
    }
    try await meetings.unhold(over)
    try await meetings.hold(plan.takeovers)
    try await state.hold(plan.shielded, .people)
    for key in waiting.union(plan.shielded.map(\.key)) { report.verdicts[key] = .withheld }
  }

  /// Writes down whose entries are known from now on: those that were made, and those that somebody wanted changed.
  ///
  /// - Parameter done: the steps of this round that the directory has confirmed.
  func recordMeetings(
    _ survey: Survey, _ plan: Plan, done: ArraySlice<Step>, _ lane: DirectoryLink.Lane, _ report: WorkReport
  ) async throws(EngineError) {
    let meetings = state.meetings
    var made: [RosterKey] = []
    var gone: [RosterKey] = []
    var met: [RosterKey: String] = [:]
    for step in done {
      switch step.what {
      case .create: made.append(step.key)
      case .delete: gone.append(step.key)
      default:
        if let entry = plan.adopted[step.key] {
          met[step.key] = surveyor.facts.id(of: entry)
        } else if let id = survey.unmet[step.key] {
          met[step.key] = id
        }
      }
    }
    for subject in survey.subjects where survey.unmet[subject.key] != nil && isSettled(subject.key, report) {
      if isOurs(subject) { met[subject.key] = survey.unmet[subject.key] }
    }
    // A deleted entry stays known: a server that is behind, or a backup, may still have it.
    for key in gone { met[key] = nil }
    // Where there is none, an add that nobody has answered may still be carried out.
    var ended = survey.subjects.filter { $0.current != nil && meetings.isMaking($0.key) && isSettled($0.key, report) }
      .map(\.key)
    var entries = met.map { (key: $0.key, id: $0.value) }
    if !made.isEmpty, let found = await surveyor.ids(of: made, lane) {
      entries += found
      ended += found.map(\.key)
    }
    // What was refused for good has made nothing.
    for step in plan.sequences.flatMap(\.steps) where step.what == .create && !made.contains(step.key) {
      if !report.unknown.contains(where: { $0.key == step.key }), report.trouble == nil { ended.append(step.key) }
    }
    try await meetings.record(entries, ended: ended)
  }

  private func isSettled(_ key: RosterKey, _ report: WorkReport) -> Bool {
    if case .settled? = report.verdicts[key] { true } else { false }
  }

  /// Whether an entry that is in step is known without a change: it was made, released or wanted.
  private func isOurs(_ subject: Subject) -> Bool {
    if state.meetings.isMaking(subject.key) { return true }
    switch state.meetings.phase {
    case .recording: return subject.isToRecord
    case .first where subject.desired.wanted != nil: return true
    case .first, .settled: return subject.acquaintance.contains(.change) && subject.desired.wanted != nil
    }
  }
}

extension Subject {
  /// Whether an upgrade takes its entry for known: it has a row, or what Rollcall did to it is in the ledger.
  var isToRecord: Bool {
    switch desired {
    case .present, .disabled, .rejected, .lockedOut, .untouched: true
    case .absent: false
    case .orphanDisabled: disabledByUs
    }
  }
}

extension Surveyor {
  /// The ids of entries that were made a moment ago; nil where they cannot be had now.
  func ids(of keys: [RosterKey], _ lane: DirectoryLink.Lane) async -> [(key: RosterKey, id: String)]? {
    let finder = EntryFinder(
      base: rules.base, suffix: rules.base, link: rules.link, filter: nil,
      attributes: [rules.link, facts.dialect.identityAttribute])
    do throws(EngineError) {
      let session = try link.session(lane == .fast ? .fast : .reading)
      let wanted = Set(keys)
      return try await finder.linked(to: keys, session).entries().flatMap { entry in
        let keys = entry[rules.link].compactMap { $0.text.map { RosterKey($0) } }
        return keys.filter(wanted.contains).map { (key: $0, id: facts.id(of: entry)) }
      }
    } catch {
      // They stay noted as about to be made, and are asked for when they are looked at next.
      return nil
    }
  }
}
