internal import LDAP
internal import LDAPModel
internal import Postgres
package import Reactor
package import RollcallConfiguration
package import RollcallCore
package import RollcallLedger

/// The complete state of some keys on both sides.
package struct Survey: Sendable {
  package var subjects: [Subject] = []
  package var occupants: [Occupant] = []
  /// Keys that cannot be planned for.
  package var problems: [RosterKey: Problem] = [:]
  /// Steps that are necessary before these keys can be planned for.
  package var duplicates: [RosterKey: [Step]] = [:]
  /// Keys that wait until another one has been looked at.
  package var waits: [RosterKey: RosterKey] = [:]
  /// Ids of entries that the ledger does not know, by key.
  var unmet: [RosterKey: String] = [:]
  /// Those of them that an add of ours has created.
  var made: [(key: RosterKey, id: String)] = []
  /// Adds that have been carried out or can no longer be.
  var ended: [OpenAdds.Ended] = []
  /// Recorded leavers that are none any more, and those whose entries others have changed.
  var noLeavers: [RosterKey] = []
  var changedLeavers: [(key: RosterKey, dn: DistinguishedName)] = []
  /// The passwords of the keys that were asked for; empty unless they follow the table.
  var passwords: [RosterKey: PasswordStanding] = [:]
  /// Pinned keys.
  var pinned: Set<RosterKey> = []
  /// Keys that were not looked at, because the others have reached the limit of what is read at a time.
  package var postponed: [RosterKey] = []
  /// The people whom the subjects' rows name; empty if no references are configured.
  var references: [RosterKey: ReferenceLook] = [:]
}

/// Reads rows and entries, and joins them.
@Reactor
package final class StateReader {
  private let roster: Roster
  /// The same on another session: a single HR write does not queue behind the rows of bulk work.
  private let bulk: Roster
  let link: DirectoryLink
  let state: LedgerState
  let facts: DirectoryFacts
  let projection: Projection
  package var planner: Planner
  let finder: EntryFinder
  package let rules: UserRules
  /// What the server keeps unique in addition to its dialect's attributes.
  var learnt = LearntUniques()
  /// Entries that match it are never touched.
  let protected: Filter?
  /// How people take over unlinked entries by an attribute; nil: they do not.
  let adoption: AdoptionSearch?
  /// The deadline of an operation.
  private let deadline: Duration

  package init(
    _ configuration: Configuration, roster: Roster, bulk: Roster, link: DirectoryLink, state: LedgerState,
    facts: DirectoryFacts
  ) {
    self.roster = roster
    self.bulk = bulk
    self.link = link
    self.state = state
    self.facts = facts
    rules = UserRules(configuration.users)
    projection = Projection(rules: rules, schema: facts.schema, dialect: facts.dialect)
    planner = Planner(
      rules: rules, schema: facts.schema, dialect: facts.dialect, protection: Protection(configuration, facts))
    protected = configuration.users.protect.filter
    deadline = configuration.directory.timeout
    adoption = AdoptionSearch(rules, facts.schema, filter: configuration.users.filter)
    finder = EntryFinder(
      base: rules.base, suffix: facts.suffix(of: rules.base), link: rules.link, filter: configuration.users.filter,
      attributes: planner.requestedAttributes)
  }

  /// Reads both sides of these keys.
  ///
  /// - Parameters:
  ///   - careful: whether to search for the holders of wanted names; otherwise the server's refusal shows them.
  ///   - book: records whom the rows name; nil where nothing is recorded.
  /// - Throws: ``EngineError`` if either side does not answer completely: nothing is concluded then.
  package func survey(
    _ keys: [RosterKey], lane: DirectoryLink.Lane, careful: Bool, book: ReferenceBook? = nil
  ) async throws(EngineError) -> Survey {
    let session = try link.session(lane)
    // Both sides are queried at once; neither answer depends on the other.
    let search = finder.linked(to: keys, session)
    let acquaintances = acquaintances(with: keys, session)
    let ended = state.meetings.expired(keys, deadline)
    let read = try await (lane == .fast ? roster : bulk).fetch(keys)
    let entries = try await search.entries()
    var survey = Survey()
    survey.postponed = read.postponed
    try await join(read.asked(keys), read.answers, entries, session, into: &survey)
    try await exclude(&survey, session)
    acquaint(&survey, try await acquaintances.value.get(), ended: ended)
    expireLeavers(&survey)
    try await adopt(&survey, lane == .fast ? roster : bulk, session)
    try await refer(&survey, session, book)
    try await believe(session, &survey.subjects)
    try await believeValues(session, &survey.subjects)
    if careful || rules.adopt {
      let claims = planner.claims(of: survey.subjects)
      let found = try await finder.claimed(claims, narrow: learnt.narrow, session)
      let leftOut = try await leftOut(found, session)
      let untouchable = try await untouchable(found, session)
      survey.occupants = found.map { entry in
        // The attribute says nothing about our people in an entry that is outside the base or excluded by the filter.
        let isExcluded = leftOut.contains(entry.dn)
        let isOurs = entry.dn.isBelow(rules.base, facts.schema) && !isExcluded
        var occupant = isOurs ? Occupant(entry, link: rules.link) : Occupant(dn: entry.dn, key: nil, entry: entry)
        occupant.isExcluded = isExcluded
        occupant.isProtected = untouchable.contains(entry.dn.text)
        return occupant
      }
    }
    return survey
  }

  /// Whether a row could have this key.
  func isKey(_ key: RosterKey) -> Bool { roster.isKey(key) }

  /// The entries that carry one of these keys, regardless of their other attributes.
  func linked(to keys: [RosterKey], _ lane: DirectoryLink.Lane) async throws(EngineError) -> [Entry] {
    try await finder.linked(to: keys, link.session(lane)).entries()
  }

  /// Joins entries that were already read with their rows.
  func survey(_ keys: [RosterKey], entries: [Entry], _ roster: Roster) async throws(EngineError) -> Survey {
    let read = try await roster.fetch(keys)
    var survey = Survey()
    survey.postponed = read.postponed
    let session = try link.session(.reading)
    try await join(read.asked(keys), read.answers, entries, session, into: &survey)
    try await refer(&survey, session, nil)
    return survey
  }

  private func join(
    _ keys: [RosterKey], _ answers: [RosterKey: RosterAnswer], _ entries: [Entry], _ session: LDAPSession,
    into survey: inout Survey
  ) async throws(EngineError) {
    let matching = facts.schema.matchingRule(for: rules.link)
    var found: [RosterKey: [Entry]] = [:]
    var variants: [AttributeValue: [Entry]] = [:]
    for entry in entries {
      for value in entry[rules.link] {
        if let text = value.text { found[RosterKey(text), default: []].append(entry) }
        variants[matching.normalize(value), default: []].append(entry)
      }
    }
    for key in keys {
      let all = variants[matching.normalize(AttributeValue(key))] ?? []
      let own = found[key] ?? []
      if all.count > own.count, let other = all.first(where: { !own.contains($0) }) {
        try await contest(key, own, other, into: &survey)
        continue
      }
      if own.count > 1 {
        let wanted = answers[key].flatMap { answer -> DistinguishedName? in
          guard case .row(let row) = answer else { return nil }
          return projection.desired(for: row).wanted?.entry.dn
        }
        survey.duplicates[key] = try await separate(key, own, wanted: wanted, session)
        survey.problems[key] = Problem(
          .duplicateLink,
          "key \(key): several entries carry it in \(rules.link): "
            + Wording.list(own.map(\.dn.text).sorted(), separator: " and ") + "; remove it from all but one")
        continue
      }
      let desired: Desired
      var membership: [AttributeValue] = []
      switch answers[key] {
      case .problem(let problem, let active)?: desired = projection.desired(failing: problem, active: active)
      case .row(let row)?:
        desired = projection.desired(for: row)
        membership = row.membership
      case .impossible(let problem)?:
        desired =
          own.isEmpty ? projection.desired(for: nil) : projection.desired(failing: problem, active: true)
      case nil: desired = projection.desired(for: nil)
      }
      survey.subjects.append(
        Subject(
          key: key, desired: desired, current: own.first, disabledByUs: state.disabled.contains(key),
          groups: roster.query.hasMembership ? desired.groups(named: membership) : nil,
          formerName: state.formerName(of: key, at: own.first?.dn, facts.schema)))
    }
    try await followPasswords(keys, &survey)
  }

  /// Handles two keys that are equal for the directory: if both have rows, neither is changed.
  private func contest(
    _ key: RosterKey, _ own: [Entry], _ other: Entry, into survey: inout Survey
  ) async throws(EngineError) {
    guard let rival = other[rules.link].compactMap(\.text).map({ RosterKey($0) }).first(where: { $0 != key }) else {
      return
    }
    let rows = try await roster.fetchAll([key, rival])
    let isNobody = if case .impossible? = rows[key] { true } else { rows[key] == nil }
    if isNobody, own.isEmpty {
      // Neither a row nor an entry has exactly this key: another key has a similar spelling.
      survey.subjects.append(
        Subject(
          key: key, desired: projection.desired(for: nil), current: nil, disabledByUs: state.disabled.contains(key)))
      return
    }
    if rows[key] != nil, rows[rival] == nil, own.isEmpty {
      survey.waits[key] = rival
      return
    }
    survey.problems[key] = Problem(
      .duplicateLink,
      "key \(key): for \(rules.link) it is the same as key \(rival), which \(other.dn.text) carries; "
        + "one of the two keys must change", blocks: rival.text)
  }
}
