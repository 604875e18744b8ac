internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallConfiguration
internal import RollcallCore
package import RollcallLedger

/// Taking back what the journal tells.
extension Engine {
  /// What an undo would do; nothing is written.
  package func rehearseUndo(_ selection: UndoSelection) async throws(EngineError) -> UndoOutcome {
    UndoOutcome(try await planUndo(try await ledger.undone(selection), try await looker()).parts)
  }

  /// What reads the directory; an engine that does not lead connects for that.
  private func looker() async throws(EngineError) -> StateReader {
    if let stateReader { return stateReader }
    try await requireInstalled()
    if !link.isConnected { try await link.connect() }
    return StateReader(
      configuration, roster: roster, bulk: roster, link: link, state: state,
      facts: try link.learnt(for: configuration.users))
  }

  /// Takes rows back, and sees to it that they stay so until the people's rows change.
  ///
  /// The people are pinned first, and only then is it found out what can be done: nothing else is written for them
  /// meanwhile. The leader alone may do it.
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
    return try await apply(plan, Undoing(because: because, actor: actor))
  }

  private func pinAndWait(_ keys: [RosterKey], because: String, actor: String) async throws(EngineError) {
    let request = try await ledger.pin(keys, because: because, actor: actor, untilChange: true)
    answerPinRequests()
    while dispatcher.isWorking {
      if try await ledger.state(of: request).isDone { return }
      try? await Reactor.sleep(for: .milliseconds(10))
    }
    throw .refused("the work was stopped before the people were pinned; they are pinned now, and nothing was undone")
  }

  // MARK: Planning

  private struct Undo {
    var parts: [UndoPart]
    /// The entries as they are now.
    var entries: [RosterKey: Entry]
  }

  private struct Undoing {
    var because: String
    var actor: String
  }

  private func planUndo(_ rows: [UndoneRow], _ stateReader: StateReader) async throws(EngineError) -> Undo {
    let session = try link.session(.reading)
    let schema = stateReader.facts.schema
    let attributes = ["*"] + stateReader.planner.requestedAttributes
    let keys = Set(rows.map(\.key)).sorted()
    var finder = stateReader.finder
    finder.attributes = attributes
    let linked = try await finder.linked(to: keys, session).entries()
    var entries = Dictionary(linked.map { ($0.dn.normalized(schema), $0) }) { $1 }
    let names = Set(rows.flatMap { [$0.dn, $0.newDN].compactMap { $0 } })
      .filter { entries[$0.normalized(schema)] == nil }
    let searches = names.map { name in
      session.gather(base: name, scope: .base, filter: .present("objectClass"), attributes: attributes, absent: true)
    }
    session.sendNow()
    for search in searches {
      for entry in try await search.entries() { entries[entry.dn.normalized(schema)] = entry }
    }
    let members = UndoPlanner.MembershipRules(
      attribute: configuration.groups?.member ?? "member", base: configuration.groups?.base)
    var planner = UndoPlanner(
      stateReader.planner, members, entries: Array(entries.values),
      memberships: try await memberships(of: rows, session, schema))
    let parts = planner.plan(rows)
    var own: [RosterKey: Entry] = [:]
    for entry in linked {
      for value in entry[configuration.users.link] { if let text = value.text { own[RosterKey(text)] = entry } }
    }
    return Undo(parts: parts, entries: own)
  }

  /// Which of the memberships that rows tell are there.
  private func memberships(
    of rows: [UndoneRow], _ session: LDAPSession, _ schema: Schema
  ) async throws(EngineError) -> Set<UndoPlanner.Membership> {
    var searches: [(membership: UndoPlanner.Membership, search: SearchGathering)] = []
    for row in rows where ["join", "leave", "follow"].contains(row.action) {
      for change in row.changes {
        let values = (change.removed ?? []) + (change.added ?? [])
        for case .text(let text) in values {
          let member = AttributeValue(text)
          let normal = schema.matchingRule(for: change.name).normalize(member, schema: schema)
          let search = session.gather(
            base: row.dn, scope: .base, filter: .equal(change.name, member), attributes: ["1.1"], absent: true)
          searches.append((UndoPlanner.Membership(group: row.dn.normalized(schema), member: normal), search))
        }
      }
    }
    session.sendNow()
    var found: Set<UndoPlanner.Membership> = []
    for (membership, search) in searches where try await !search.entries().isEmpty { found.insert(membership) }
    return found
  }

  // MARK: Writing

  private func apply(_ plan: Undo, _ undoing: Undoing) async throws(EngineError) -> UndoOutcome {
    guard let stateReader, let recorder = Recorder(journal, configuration, stateReader.facts) else {
      throw .refused("no journal is kept (journal: off), so nothing can be undone")
    }
    let schema = stateReader.facts.schema
    let chains = UndoChains.of(plan.parts, schema)
    let steps = plan.parts.compactMap(\.step)
    let lane = try link.lane(.bulk)
    lane.prepare()
    let intents = try await recorder.intend(
      steps.filter { $0.what == .delete }, try link.session(.reading), cause: "undo", origin: { _ in Origin() })
    try await state.recordDisabled(steps.filter(\.journalDisable).map(\.key))
    let adds = steps.filter { $0.what == .create }
    let row = try await state.meetings.beginMaking(
      adds.map { MadeEntry(key: $0.key, name: $0.operation.dn.normalized(schema)) })
    let outcomes = await lane.apply(
      chains.map { chain in
        Plan.Sequence(steps: chain.compactMap { plan.parts[$0].step })
      })
    var outcome = UndoOutcome(plan.parts)
    var applied: [(index: Int, step: Step)] = []
    var unknown: [Step] = []
    for (chain, result) in zip(chains, outcomes) {
      for (place, index) in chain.enumerated() {
        guard let step = plan.parts[index].step else { continue }
        if place < result.applied {
          outcome.parts[index].state = .done
          applied.append((index, step))
        } else {
          outcome.parts[index].state = .refused
          let isFirst = place == result.applied
          outcome.parts[index].refusals.append(
            isFirst ? "the directory refused it: \(result.failure?.summary ?? "?")" : "a part before it was refused")
          if isFirst, let error = result.failure, UnknownOutcomes.isUnknown(error.code) { unknown.append(step) }
        }
      }
    }
    for (_, step) in applied { removalGuard.applied(step) }
    self.unknown.noteApplied(applied.map(\.step), schema)
    try await state.clearDisabled(applied.filter(\.step.clearsDisable).map(\.step.key))
    let made = applied.map(\.step).filter { $0.what == .create }
    let met = made.isEmpty ? [] : await stateReader.ids(of: made, .reading) ?? []
    let refused = Set(adds.map(\.key)).subtracting(made.map(\.key)).subtracting(unknown.map(\.key))
    try await state.meetings.record(
      met, ended: row.map { row in (met.map(\.key) + refused).map { .init(key: $0, row: row) } } ?? [])
    try await journal.write(
      applied.flatMap { index, step in
        rows(of: step, plan.parts[index].row, plan.entries[step.key], intents, recorder, undoing)
      })
    for (_, step) in applied { events.emit(.applied(step, after: nil, isBulk: applied.count > 1000)) }
    return outcome
  }

  /// What was written, and that it takes another row back.
  private func rows(
    of step: Step, _ undone: Int, _ entry: Entry?, _ intents: [String: JournalIntent], _ recorder: Recorder,
    _ undoing: Undoing
  ) -> [JournalRow] {
    let now = ContinuousClock.now
    var written = recorder.row(of: step, .done, entry, at: now)
    written.cause = "undo"
    if step.what == .delete { written.intent = intents[step.operation.dn.text]?.id }
    var undo = JournalRow("undo", .done, key: step.key, dn: step.operation.dn.text, at: now)
    undo.intent = undone
    undo.cause = "undo"
    return [written, undo].map { row in
      var row = row
      row.actor = undoing.actor
      row.because = undoing.because
      return row
    }
  }
}
