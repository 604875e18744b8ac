internal import LDAPModel
internal import Postgres
internal import Reactor
internal import RollcallConfiguration
internal import RollcallCore
package import RollcallLedger

/// Groups have to do with people that no change names: former members, and all of a group that was lost.
extension Engine {
  /// The keeper of this connection's groups, with what the ledger knows; nil where none are configured.
  package func groupKeeper(_ facts: DirectoryFacts) async throws(EngineError) -> GroupKeeper? {
    guard let configured = configuration.groups else { return nil }
    let keeper = GroupKeeper(
      configured, people: UserRules(configuration.users), protected: configuration.users.protect.filter,
      Protection(configuration, facts), facts: facts, link: link, ledger, state.meetings, database: mapping)
    try await keeper.load()
    keeper.mayComeLate = { [weak unknown] key in unknown?.concerns(key) ?? false }
    keeper.onMembers = { [weak self] keys, groups in self?.handIn(keys, membersOf: groups) }
    keeper.onRemade = { [weak self] group in self?.collectMembers([group]) }
    return keeper
  }

  /// Takes up what a process before this one has left: renames that groups have not followed, members of groups that
  /// nobody has looked at.
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

  /// Forgets takeovers of groups that no row names.
  func dissolveUnnamed(_ held: [DistinguishedName]) async throws(EngineError) {
    guard let groups else { return }
    var unnamed: [RosterKey] = []
    for group in held.map(groups.planner.group(at:)) {
      guard let naming = try await keys(naming: [group]) else { continue }
      if naming.isEmpty { unnamed.append(RosterKey(group.id)) }
    }
    try await state.meetings.unhold(unnamed)
  }

  /// Looks at members of groups that are managed from now on; when that is done the ledger knows it.
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

  /// Looks at everybody who is in these groups or whose row names them.
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

  /// The keys whose rows name one of these groups; nil where some row's mapping fails.
  private func keys(naming groups: [GroupName]) async throws(EngineError) -> [RosterKey]? {
    guard let keeper = self.groups, let membership = roster.query.expressions.last else { return [] }
    let names = groups.compactMap { $0.dn.first?.parts.first?.value.text?.lowercased() }
    // A session of its own, so that a long look at everybody keeps nobody waiting.
    let scan = try Database(mapping: configuration, timeout: 600_000)
    defer { scan.close() }
    let scope = roster.query.scope.map { "(\($0.sql)\n) IS TRUE" } ?? "true"
    do throws(EngineError) {
      // What else than case can differ: whether it is the same name is for this side and the server to say.
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
