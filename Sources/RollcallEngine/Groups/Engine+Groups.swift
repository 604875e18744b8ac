internal import LDAPModel
internal import Postgres
internal import Reactor
internal import RollcallConfiguration
internal import RollcallCore
package import RollcallLedger

/// Groups concern people whose rows have not changed: former members, and all members of a lost group.
extension Engine {
  /// The keeper of this connection's groups, with the ledger's data; nil if no groups are configured.
  package func groupKeeper(_ facts: DirectoryFacts) async throws(EngineError) -> GroupKeeper? {
    guard let configured = configuration.groups else { return nil }
    let keeper = GroupKeeper(
      configured, people: UserRules(configuration.users), protected: configuration.users.protect.filter,
      Protection(configuration, facts), facts: facts, link: link, ledger, state.meetings, database: sessions.mapping)
    try await keeper.load()
    keeper.mayComeLate = { [weak unknown] key in unknown?.concerns(key) ?? false }
    keeper.onMembers = { [weak self] keys, groups in self?.handIn(keys, membersOf: groups) }
    keeper.onRemade = { [weak self] group in self?.collectMembers([group]) }
    return keeper
  }

  /// Continues the unfinished work of an earlier process: renames that groups have not followed, and members of
  /// groups that have not been compared.
  func takeUpGroups() {
    guard let groups else { return }
    dispatcher.addTogether(groups.registry.renaming.keys, .retry)
    dispatcher.pump()
    let uncompared = groups.registry.uncompared
    if !uncompared.isEmpty { collectMembers(uncompared) }
  }

  /// Takes over groups that a person has released, unless no row names them any more.
  func takeUpReleasedGroups() async throws(EngineError) {
    guard let groups, !state.meetings.releasedGroups.isEmpty || !state.meetings.heldGroups.isEmpty else { return }
    try await dissolveUnnamed(state.meetings.releasedGroups)
    let names = try await groups.takeUpReleased()
    if !names.isEmpty { try await handIn(everybodyOf: names, groups) }
  }

  /// Deletes held takeovers of groups that no row names.
  func dissolveUnnamed(_ held: [DistinguishedName]) async throws(EngineError) {
    guard let groups else { return }
    var unnamed: [RosterKey] = []
    for group in held.map(groups.planner.group(at:)) {
      guard let naming = try await keys(naming: [group]) else { continue }
      if naming.isEmpty { unnamed.append(RosterKey(group.id)) }
    }
    try await state.meetings.unhold(unnamed)
  }

  /// Queues the members of newly managed groups; records in the ledger when that is done.
  private func handIn(_ keys: [RosterKey], membersOf names: [GroupName]) {
    dispatcher.addTogether(keys, .reconcile)
    dispatcher.pump()
    guard let groups else { return }
    Reactor.task {
      do throws(EngineError) {
        guard try await self.settle(), self.groups === groups else { return }
        try await groups.registry.noteCompared(names)
      } catch {
        self.trouble(error)
      }
    }
  }

  /// Queues all members of these groups and all whose rows name them.
  private func collectMembers(_ names: [GroupName]) {
    guard let groups else { return }
    Reactor.task {
      do throws(EngineError) {
        try await self.handIn(everybodyOf: names, groups)
      } catch {
        self.trouble(error)
      }
    }
  }

  private func handIn(everybodyOf names: [GroupName], _ groups: GroupKeeper) async throws(EngineError) {
    let members = try await groups.collectMembers(names, .bulk)
    guard let naming = try await keys(naming: names) else { return requestReconcile() }
    handIn(Array(Set(members + naming)), membersOf: names)
  }

  /// The keys whose rows name one of these groups; nil if the mapping fails for some row.
  private func keys(naming groups: [GroupName]) async throws(EngineError) -> [RosterKey]? {
    guard let keeper = self.groups, let membership = roster.query.expressions.last else { return [] }
    let names = groups.compactMap { $0.dn.first?.parts.first?.value.text?.lowercased() }
    // A session of its own, so that reading the whole roster delays nobody.
    let scan = try Database(mapping: configuration, timeout: 600_000)
    defer { scan.close() }
    let scope = roster.query.scope.map { "(\($0.sql)\n) IS TRUE" } ?? "true"
    do throws(EngineError) {
      // Names may differ in more than case: this side and the server decide whether they are the same.
      let odd = try await scan.read(
        """
        SELECT DISTINCT named FROM \(roster.query.source) AS roster
          CROSS JOIN LATERAL pg_catalog.unnest(\(membership.column)) AS named
        WHERE \(scope) AND named OPERATOR(pg_catalog.~) '[^ -~]|^ | $|  '
        """, timeout: .seconds(600))
      let others = (0..<odd.rowCount).compactMap { odd.text($0, 0).map { AttributeValue($0) } }
      let same = try await keeper.spellings(of: groups, among: others, .bulk)
      let result = try await scan.read(
        """
        SELECT \(RosterKey.sql("\(roster.query.key)::pg_catalog.text")) FROM \(roster.query.source) AS roster
        WHERE \(scope) AND EXISTS (
          SELECT FROM pg_catalog.unnest(\(membership.column)) AS named
            WHERE pg_catalog.lower(named) OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.text[])
              OR named OPERATOR(pg_catalog.=) ANY ($2::pg_catalog.text[]))
        """, [SQLText.array(names), SQLText.array(same.compactMap(\.text))], timeout: .seconds(600))
      return (0..<result.rowCount).compactMap { result.key($0, 0) }
    } catch {
      if case .database(let failure) = error, failure.kind == .server { return nil }
      throw error
    }
  }
}
