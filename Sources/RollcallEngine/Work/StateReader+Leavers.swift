internal import LDAPModel
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// Entries whose rows are gone, on their way from disabled to deleted.
extension StateReader {
  /// Notes what has become of the leavers among these subjects; those whose time has come are to be deleted.
  func expireLeavers(_ survey: inout Survey) {
    guard rules.deletesLeavers else { return }
    for index in survey.subjects.indices {
      let subject = survey.subjects[index]
      guard let record = state.leavers[subject.key] else { continue }
      guard subject.desired == .orphanDisabled, let entry = subject.current else {
        if subject.desired.hasRow || subject.current == nil { survey.noLeavers.append(subject.key) }
        continue
      }
      let isChanged: Bool
      switch record.state {
      case .unseen: isChanged = false
      case .changed: isChanged = true
      case .seen(let digest):
        isChanged = planner.isChanged(entry, since: DistinguishedName(unchecked: record.dn), digest)
        if isChanged { survey.changedLeavers.append((subject.key, entry.dn)) }
      }
      guard record.isDue else { continue }
      survey.subjects[index].desired = .absent
      survey.subjects[index].isChangedByHand = isChanged
    }
  }

  /// Whether a leaver's entry, for which nothing is to be done, is still to be recorded.
  func isUnrecorded(_ subject: Subject) -> Bool {
    guard rules.deletesLeavers, subject.desired == .orphanDisabled, subject.disabledByUs, subject.current != nil else {
      return false
    }
    guard let record = state.leavers[subject.key] else { return true }
    return record.state == .unseen || record.isDue
  }
}

extension Worker {
  /// Ends the records of leavers who are back, and notes which entries others have changed.
  func noteExpired(_ survey: Survey) async throws(EngineError) {
    try await state.leavers.forget(survey.noLeavers)
    try await state.leavers.record(survey.changedLeavers.map { (key: $0.key, dn: $0.dn, state: .changed) })
  }

  /// Records leavers' entries before they are written, and once more when they are as they were left.
  func recordLeavers(_ subjects: [Subject], _ plan: Plan, _ report: inout WorkReport) async throws(EngineError) {
    guard stateReader.rules.deletesLeavers else { return }
    let written = Set(plan.sequences.flatMap(\.steps).map(\.key))
    let settled = Set(plan.settled)
    var records: [(key: RosterKey, dn: DistinguishedName, state: LeaverRecord.State)] = []
    for subject in subjects where subject.desired == .orphanDisabled {
      let key = subject.key
      guard let entry = subject.current else { continue }
      let record = state.leavers[key]
      if record?.state == .changed { continue }
      if written.contains(key) {
        // An entry that others have disabled is not ours to delete.
        let isOurs = subject.disabledByUs || plan.removals.contains { $0.key == key && $0.action == .disable }
        guard record != nil || isOurs else { continue }
        records.append((key, entry.dn, .unseen))
        report.lookAgain.insert(key)
      } else if subject.disabledByUs, record.map({ $0.state == .unseen }) ?? true {
        let isLeft = settled.contains(key)
        records.append((key, entry.dn, isLeft ? .seen(stateReader.planner.digest(of: entry)) : .unseen))
      }
    }
    try await state.leavers.record(records)
  }
}
