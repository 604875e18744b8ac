internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallConfiguration
internal import RollcallCore
package import RollcallLedger

/// Undoing changes that are in the journal.
extension Engine {
  /// Reports what an undo would do, without writing.
  package func rehearseUndo(_ selection: UndoSelection) async throws(EngineError) -> UndoOutcome {
    UndoOutcome(try await planUndo(try await ledger.undone(selection), try await looker()).parts)
  }

  /// The reader of the directory; an engine that does not lead opens a connection for it.
  private func looker() async throws(EngineError) -> StateReader {
    if let stateReader { return stateReader }
    try await requireInstalled()
    if !link.isConnected { try await link.connect() }
    return StateReader(
      configuration, roster: roster, bulk: roster, link: link, state: state,
      facts: try link.learnt(for: configuration.users))
  }

  /// Undoes rows, and keeps the result until the people's rows change.
  ///
  /// The people are pinned first, so that nothing else is written for them while the undo is planned. Only the leader
  /// may call it.
  package func undo(
    _ selection: UndoSelection, because: String, actor: String
  ) async throws(EngineError) -> UndoOutcome {
    let rows = try await ledger.undone(selection)
    guard let stateReader else { throw .refused("the directory is not connected") }
    let first = try await planUndo(rows, stateReader)
    let keys = Set(first.parts.filter { $0.step != nil }.map(\.key)).sorted()
    if keys.isEmpty { return UndoOutcome(first.parts) }
    try await pinAndWait(keys, because: because, actor: actor)
    let plan = try await planUndo(rows, stateReader)
    return try await apply(plan, because: because, actor: actor)
  }

  private func pinAndWait(_ keys: [RosterKey], because: String, actor: String) async throws(EngineError) {
    let request = try await ledger.pin(keys, because: because, actor: actor, untilChange: true)
    pins.answer()
    while dispatcher.isWorking {
      if try await ledger.state(of: request).isDone { return }
      try? await Reactor.sleep(for: .milliseconds(10))
    }
    throw .refused("the work was stopped before the people were pinned; they are pinned now, and nothing was undone")
  }

  // MARK: Planning

  private struct Undo {
    var parts: [UndoPart]
    /// The people's current entries.
    var entries: [RosterKey: Entry]
  }

  private func planUndo(_ rows: [UndoneRow], _ stateReader: StateReader) async throws(EngineError) -> Undo {
    let session = try link.session(.reading)
    let (facts, base) = (stateReader.facts, stateReader.planner)
    let finder = stateReader.finder.asking(for: ["*"] + base.requestedAttributes)
    let linked = try await finder.linked(to: Set(rows.map(\.key)).sorted(), session).entries()
    var entries = Dictionary(linked.map { ($0.dn.normalized(facts.schema), $0) }) { $1 }
    let names = Set(rows.flatMap { [$0.dn, $0.newDN].compactMap { $0 } })
      .filter { entries[$0.normalized(facts.schema)] == nil }
    for entry in try await finder.claimed(names.map { .name($0) }, session) {
      entries[entry.dn.normalized(facts.schema)] = entry
    }
    let groups = configuration.groups.map { groups in
      GroupPlanner(rules: GroupRules(groups), schema: facts.schema, protection: Protection(configuration, facts))
    }
    var planner = UndoPlanner(
      base, groups: groups, entries: Array(entries.values),
      memberships: try await memberships(of: rows, session, facts.schema))
    var own: [RosterKey: Entry] = [:]
    for entry in linked {
      for value in entry[configuration.users.link] { if let text = value.text { own[RosterKey(text)] = entry } }
    }
    return Undo(parts: planner.plan(rows), entries: own)
  }

  /// The existing ones of the memberships that the rows name.
  private func memberships(
    of rows: [UndoneRow], _ session: LDAPSession, _ schema: Schema
  ) async throws(EngineError) -> Set<UndoPlanner.Membership> {
    var searches: [(membership: UndoPlanner.Membership, search: SearchGathering)] = []
    for row in rows where row.isOfMembership {
      for change in row.changes {
        for case .text(let text) in (change.removed ?? []) + (change.added ?? []) {
          let member = AttributeValue(text)
          let search = session.gather(
            base: row.dn, scope: .base, filter: .equal(change.name, member), attributes: ["1.1"])
          searches.append((UndoPlanner.Membership(row.dn, change.name, member, schema), search))
        }
      }
    }
    session.sendNow()
    var found: Set<UndoPlanner.Membership> = []
    for (membership, search) in searches where try await !search.entries().isEmpty { found.insert(membership) }
    return found
  }

  // MARK: Writing

  private func apply(_ plan: Undo, because: String, actor: String) async throws(EngineError) -> UndoOutcome {
    guard let worker = dispatcher.worker, let recorder = worker.recorder else {
      throw .refused("nothing can be undone: no journal is kept (journal: off), or the work was stopped meanwhile")
    }
    let schema = worker.stateReader.facts.schema
    let chains = UndoChains.of(plan.parts, schema)
    let sequences = chains.map { chain in Plan.Sequence(steps: chain.compactMap { plan.parts[$0].step }) }
    let carriedOut = await worker.carryOut(sequences, of: plan.entries, because: .undo)
    let report = carriedOut.report
    let keys = Array(Set(sequences.flatMap(\.keys)))
    if !report.unknown.isEmpty { unknown.note(report.unknown, keys, schema) }
    unknown.noteApplied(report.applied, schema)
    servers.note(report, keys)
    for step in report.applied { events.emit(.applied(step, after: nil, isBulk: report.applied.count > 1000)) }

    var outcome = UndoOutcome(plan.parts)
    var rows = recorder.rows(of: report) { _ in (Origin(), .undo) }
    let now = ContinuousClock.now
    for (chain, result) in zip(chains, carriedOut.outcomes) {
      for (place, index) in chain.enumerated() {
        if place < result.applied {
          outcome.parts[index].state = .done
          rows.append(.undo(of: plan.parts[index], at: now))
        } else {
          outcome.parts[index].state = .refused
          let reason = place > result.applied ? nil : result.failure?.summary ?? report.trouble.map { "\($0)" }
          outcome.parts[index].refusals.append(
            reason.map { "the directory refused it: \($0)" } ?? "a part before it was refused")
        }
      }
    }
    for index in rows.indices { (rows[index].actor, rows[index].because) = (actor, because) }
    try await journal.write(rows)
    return outcome
  }
}

extension JournalRow {
  /// The journal row that records that a row was undone.
  fileprivate static func undo(of part: UndoPart, at now: ContinuousClock.Instant) -> JournalRow {
    var row = JournalRow("undo", .done, key: part.key, dn: part.step?.operation.dn.text, at: now)
    row.intent = part.row
    row.cause = .undo
    return row
  }
}
