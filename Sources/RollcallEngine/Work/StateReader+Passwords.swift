internal import LDAPModel
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// A person's password: the digest of the one that was written last, and of the row's.
struct PasswordStanding: Sendable {
  /// Nil: none was written, or it is not known which.
  var written: String?
  var wanted: String?
}

/// Passwords that follow the table.
extension StateReader {
  /// Notes which rows have another password than was written last.
  ///
  /// - Parameter keys: those that were asked for.
  func followPasswords(_ keys: [RosterKey], _ survey: inout Survey) async throws(EngineError) {
    guard rules.followsPassword else { return }
    let written = try await state.passwords.digests(of: keys)
    for index in survey.subjects.indices {
      let key = survey.subjects[index].key
      let password = survey.subjects[index].desired.wanted?.password
      let wanted = password.flatMap { state.passwords.digest(of: $0, person: key) }
      survey.passwords[key] = PasswordStanding(written: written[key], wanted: wanted)
      // An entry that is found only under its wanted name has no password of ours, whatever an earlier one had.
      let isNew = survey.subjects[index].current == nil
      survey.subjects[index].hasNewPassword = password != nil && (isNew || wanted == nil || wanted != written[key])
    }
  }
}

extension Worker {
  /// Deletes the digests of passwords that are about to be sent, and of entries that are gone.
  func beginPasswords(_ plan: Plan, _ survey: Survey) async throws(EngineError) {
    guard stateReader.rules.followsPassword else { return }
    var ending = plan.sequences.flatMap(\.steps).filter(stateReader.planner.isPasswordSent).map(\.key)
    ending += survey.subjects.filter { $0.current == nil }.map(\.key)
    try await state.passwords.forget(Set(ending).filter { survey.passwords[$0]?.written != nil })
  }

  /// Stores the digests of the passwords that the server has confirmed, and deletes those of deleted entries.
  func recordPasswords(_ survey: Survey, _ written: Written, _ pass: Pass) async throws(EngineError) {
    guard stateReader.rules.followsPassword else { return }
    var digests: [RosterKey: String] = [:]
    for step in pass.report.applied[written.before...] where stateReader.planner.isPasswordSent(by: step) {
      digests[step.key] = survey.passwords[step.key]?.wanted
    }
    try await state.passwords.record(digests)
    try await state.passwords.forget(pass.report.applied[written.before...].filter { $0.what == .delete }.map(\.key))
  }
}
