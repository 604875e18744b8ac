internal import LDAP
package import LDAPModel
package import Reactor
internal import RollcallConfiguration
package import RollcallCore
package import RollcallLedger

/// What a group's entry and the people's entries say of one group.
package struct GroupLook: Sendable {
  package var group: GroupName
  /// Nil: the server shows no such group.
  package var entry: Entry?
  /// Whom it is to refer to, with the DNs of those who have an entry.
  package var references: [WantedReference]
  /// What is left to do.
  package var step: Step?
}

/// Reads whom groups are to refer to, and whom they do.
@Reactor
package struct GroupReferenceReader {
  /// Groups and people that are searched for at a time.
  static let atOnce = 256
  private static let searches = 32

  let keeper: GroupKeeper
  let stateReader: StateReader
  let expressions: GroupExpressions

  private var planner: GroupPlanner { keeper.planner }

  /// - Returns: nil if no references of groups are configured.
  init?(
    _ configuration: Configuration, _ keeper: GroupKeeper, _ stateReader: StateReader, _ roster: Roster,
    _ database: Database
  ) {
    guard let references = configuration.groups?.references, !references.isEmpty else { return nil }
    self.keeper = keeper
    self.stateReader = stateReader
    expressions = GroupExpressions(
      database: database, roster: roster, planner: keeper.planner, expressions: references)
  }

  /// Whom each of the groups is to refer to, or why that is unknown.
  package func references(
    of groups: [GroupName]
  ) async throws(EngineError) -> [GroupName: Result<[WantedReference], Problem>] {
    try await expressions.references(of: groups)
  }

  /// Looks at groups, and at the people whom they are to refer to.
  ///
  /// - Parameters:
  ///   - moved: DNs that people will have, nil for those who will have no entry.
  ///   - made: groups that will exist.
  /// - Throws: ``EngineError`` if the directory does not answer completely: nobody is considered absent then.
  package func look(
    at wanted: [(group: GroupName, references: [WantedReference])],
    moved: [RosterKey: DistinguishedName?] = [:], made: Set<GroupName> = []
  ) async throws(EngineError) -> [GroupLook] {
    let session = try keeper.session(.reading)
    let targets = Set(wanted.flatMap { $0.references.flatMap(\.targets) })
    var names = try await stateReader.names(of: targets, [], session)
    for (key, name) in moved { names[key] = name }
    let requests = wanted.map { group, _ in
      SearchRequest(
        base: group.dn, scope: .base, filter: .present("objectClass"), attributes: planner.rules.references)
    }
    // A group that the server does not show is left to whoever is to be its member, and gets the reason.
    let entries = try await SideBySide.run(
      requests, session, absent: ErrorClassifier.objectCodes, atOnce: GroupReferenceReader.searches)
    var looks = zip(wanted, entries).map { pair, found in
      GroupLook(
        group: pair.group, entry: found.first ?? (made.contains(pair.group) ? Entry(pair.group.dn, []) : nil),
        references: pair.references.map { $0.resolved(names) })
    }
    let surplus = Set(looks.flatMap { look in look.entry.map { planner.surplus(in: $0, look.references) } ?? [] })
    let ours = try await people(among: surplus, session)
    for index in looks.indices {
      guard let entry = looks[index].entry else { continue }
      let changes = planner.modifications(of: entry, to: looks[index].references) { ours.contains($0) }
      if changes.isEmpty { continue }
      let dn = looks[index].group.dn
      looks[index].step = Step(key: RosterKey(dn.first?.text ?? ""), operation: .modify(dn, changes), what: .refer)
    }
    return looks
  }

  /// Those of these DNs that are, or were, people's: below the base, where no entry without a link has them.
  private func people(
    among values: Set<AttributeValue>, _ session: LDAPSession
  ) async throws(EngineError) -> Set<AttributeValue> {
    let rules = stateReader.rules
    let inside = values.filter { planner.name(of: $0).isBelow(rules.base, stateReader.facts.schema) }
    let requests = inside.map {
      SearchRequest(base: planner.name(of: $0), scope: .base, filter: .present("objectClass"), attributes: [rules.link])
    }
    let found = try await SideBySide.limited(
      requests, session, absent: [.noSuchObject],
      excess: ErrorClassifier.objectCodes.subtracting([.noSuchObject]), atOnce: GroupReferenceReader.searches)
    var ours: Set<AttributeValue> = []
    for (value, entries) in zip(inside, found) {
      guard let entries else { continue }
      if entries.allSatisfy({ !$0[rules.link].isEmpty }) { ours.insert(value) }
    }
    return ours
  }
}
