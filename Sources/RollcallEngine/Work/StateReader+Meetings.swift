internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallConfiguration
internal import RollcallCore
internal import RollcallLedger

/// What the ledger and the configuration say about the entries that were found.
struct Acquaintances: Sendable {
  /// Ids of the entries that the ledger knows, by key.
  var known: [RosterKey: String] = [:]
  /// Names of entries that are never touched.
  var untouchable: Set<String> = []
}

extension StateReader {
  /// Requests them together with the rows and the entries, so that this takes no extra time.
  func acquaintances(
    with keys: [RosterKey], _ session: LDAPSession
  ) -> Task<Result<Acquaintances, EngineError>, Never> {
    Task(executorPreference: Reactor.loop) { await self.askAcquaintances(with: keys, session) }
  }

  private func askAcquaintances(
    with keys: [RosterKey], _ session: LDAPSession
  ) async -> Result<Acquaintances, EngineError> {
    let search = protected.map { finder.only($0).linked(to: keys, session) }
    do throws(EngineError) {
      var found = Acquaintances()
      found.known = try await state.meetings.known(keys)
      if let search { found.untouchable = Set(try await search.entries().map(\.dn.text)) }
      return .success(found)
    } catch {
      return .failure(error)
    }
  }

  /// The names of those entries that are protected, or may be: the server does not answer for them.
  func untouchable(_ entries: [Entry], _ session: LDAPSession) async throws(EngineError) -> Set<String> {
    guard let protected else { return [] }
    let looks = entries.map { SearchRequest(base: $0.dn, scope: .base, filter: protected, attributes: ["1.1"]) }
    let found = try await SideBySide.limited(
      looks, session, absent: EntryFinder.none, excess: ErrorClassifier.objectCodes.subtracting(EntryFinder.none),
      atOnce: 32)
    return Set(zip(entries, found).filter { $1?.isEmpty != true }.map(\.0.dn.text))
  }

  /// Sets for each subject what may be done to its entry.
  ///
  /// - Parameter ended: adds that can no longer be carried out, as of the search for the entries.
  func acquaint(_ survey: inout Survey, _ found: Acquaintances, ended: [OpenAdds.Ended]) {
    let meetings = state.meetings
    if !ended.isEmpty {
      let seen = Set(survey.subjects.map(\.key))
      survey.ended = ended.filter { seen.contains($0.key) }
    }
    for index in survey.subjects.indices {
      let subject = survey.subjects[index]
      let key = subject.key
      guard let entry = subject.current else { continue }
      let hold = state.held(key)
      if let hold, hold.isApproved { survey.subjects[index].released = hold.action }
      survey.subjects[index].isProtected = found.untouchable.contains(entry.dn.text)
      let id = facts.id(of: entry)
      if found.known[key] == id { continue }
      survey.unmet[key] = id
      if meetings.namesInMaking(of: key).contains(entry.dn.normalized(facts.schema)) {
        survey.made.append((key, id))
        continue
      }
      // Another entry than the one that got the password.
      if rules.followsPassword, subject.desired.wanted?.password != nil { survey.subjects[index].hasNewPassword = true }
      let isSame = hold?.dn == entry.dn.text
      if meetings.isRecording(key) || meetings.isReleased(key, entry.dn) || isSame && hold?.isApproved == true {
        continue
      }
      var acquaintance: Acquaintance = []
      if rules.adopt, subject.desired.hasRow { acquaintance = [.change, .removal] }
      // A takeover of this same entry is already waiting.
      if isSame { acquaintance.insert(.removal) }
      survey.subjects[index].acquaintance = acquaintance
    }
  }
}

extension Protection {
  init(_ configuration: Configuration, _ facts: DirectoryFacts) {
    self.init(
      accounts: facts.accounts, bases: [configuration.users.base] + (configuration.groups.map { [$0.base] } ?? []),
      listed: configuration.users.protect.names, schema: facts.schema)
  }
}
