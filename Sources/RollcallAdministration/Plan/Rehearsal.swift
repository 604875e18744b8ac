internal import LDAPModel
internal import Postgres
package import Reactor
internal import RollcallConfiguration
package import RollcallCore
package import RollcallEngine
package import RollcallLedger

/// `rollcall plan`: the path of every key without its last step.
///
/// It reads the same data with the same mapping and planner, without writing; so it needs no lock.
@Reactor
package final class Rehearsal {
  let engine: Engine
  private var groups: GroupRehearsal?
  private var containers: ContainerMaker?
  /// Nil if no groups are configured.
  var keeper: GroupKeeper? { groups?.keeper }

  let limit: PlanLimit?
  /// The key whose pin is ignored.
  let unpinned: RosterKey?
  /// Removals are planned as if somebody had approved them.
  let isApproved: Bool

  /// - Parameters:
  ///   - limit: nil plans without a limit.
  ///   - key: a key that is treated as unpinned.
  ///   - isApproved: removals are treated as approved.
  package init(
    _ engine: Engine, limit: PlanLimit? = nil, asIfUnpinned key: RosterKey? = nil, asIfApproved isApproved: Bool = false
  ) {
    self.engine = engine
    self.limit = limit
    unpinned = key
    self.isApproved = isApproved
  }

  /// The planned changes, and those that the table requires but something prevents.
  package struct Result: Sendable {
    package var plan = Plan()
    /// Removals that need a person's release, with their actions.
    package var held: [Removal] = []
    /// Those of them that would be newly held, and why.
    package var foretold: [RosterKey: String] = [:]
    /// Keys of the plan that are currently parked, and why.
    package var setAside: [RosterKey: StatusReport.Parked] = [:]
    /// Entries and groups not created by Rollcall that need a person's release, with their actions.
    package var takeovers: [Takeover] = []
    /// Why a key cannot be planned for.
    package var parked: [RosterKey: Problem] = [:]
    /// The pinned ones of the keys that were looked at, and whether something would be done otherwise.
    package var pinned: [RosterKey: (pin: Pin, isWaiting: Bool)] = [:]
    /// The number of keys that were looked at.
    package var keys = 0
    /// The reasons for named keys for which there is nothing to do.
    package var standings: [Standing] = []
    /// Both sides of the named keys, as far as they could be read.
    package var subjects: [Subject] = []
    /// The groups that the named keys' rows name, or that refer to them, where groups refer to people.
    package var groupReferences: [GroupLook] = []
    /// Why it is unknown whom groups are to refer to.
    package var failingReferences: [Problem] = []
    /// Named keys that neither side knows.
    package var unknown: [RosterKey] { standings.filter(\.isUnknown).map(\.key) }
  }

  /// Plans for these keys, or for all.
  ///
  /// - Throws: ``EngineError`` if either side did not answer completely.
  package func run(_ keys: [RosterKey]) async throws(EngineError) -> Result {
    try await engine.requireInstalled()
    try await engine.requireReadable()
    try await engine.link.connect()
    let facts = try engine.link.learnt(for: engine.configuration.users)
    try await engine.state.load()
    try await engine.state.pins.overlookChanged()
    // A standby, from which a plan can be made, does not provide it.
    let identity = try? await DatabaseIdentity.read(engine.sessions.database)
    engine.noteAcquaintance(facts, try await engine.ledger.record(), identity)
    let stateReader = StateReader(
      engine.configuration, roster: engine.roster, bulk: engine.roster, link: engine.link, state: engine.state,
      facts: facts)
    stateReader.learn(awaited: engine.state.awaited)
    groups = try await engine.groupKeeper(facts).map { GroupRehearsal(keeper: $0) }
    containers = ContainerMaker(stateReader.rules, facts, engine.link)
    let named = keys
    var keys = keys
    var result = Result()
    var empty: [GroupName] = []
    if keys.isEmpty {
      let reader = BothSides(
        engine.roster.on(engine.sessions.bulk), stream: engine.sessions.bulk, stateReader, engine.link,
        groups: groups?.keeper, meter: engine.meter)
      let most = limit?.keys ?? .max
      result.keys = try await reader.read(reader.nobody) { found in if keys.count <= most { keys += found } }
      empty = reader.tally?.empty ?? []
      keys += groups?.keeper.registry.renaming.keys.filter { !keys.contains($0) } ?? []
    } else {
      result.keys = keys.count
    }
    try PlanLimit.Meter(limit).check(keys: keys.count)
    engine.meter?.begin(.planning, total: keys.count)
    let subjects = try await plan(keys, named: named, stateReader, &result, empty)
    result.standings = try await standings(of: named, subjects, result)
    if !named.isEmpty {
      let asked = Set(named)
      result.subjects = subjects.filter { asked.contains($0.key) }
    }
    let planned = Set(named + result.plan.sequences.flatMap(\.steps).map(\.key))
    for parked in try await engine.ledger.parkedInDetail() {
      let key = RosterKey(parked.key)
      if planned.contains(key), result.parked[key] == nil, result.pinned[key] == nil { result.setAside[key] = parked }
    }
    return result
  }

  private func standings(
    of named: [RosterKey], _ subjects: [Subject], _ result: Result
  ) async throws(EngineError) -> [Standing] {
    let waiting = result.held.map(\.key) + result.takeovers.map(\.subject)
    let explained = result.plan.sequences.flatMap(\.steps).map(\.key) + waiting
    let open = Set(named).subtracting(explained).subtracting(result.pinned.keys).subtracting(result.parked.keys)
      .subtracting(result.plan.blocked.keys)
    if open.isEmpty { return [] }
    let rows = try await engine.roster.fetchAll(open.sorted())
    return subjects.filter { open.contains($0.key) }.map { subject in
      switch rows[subject.key] {
      case .row(let row)?: Standing(subject, row: (row.inScope, row.active))
      case .problem(_, let active)?: Standing(subject, row: (true, active))
      case .impossible?, nil: Standing(subject, row: nil)
      }
    }
  }

  /// Plans for all keys that differ together, so that names which some of them free are known to be free; returns
  /// what was found for each.
  private func plan(
    _ keys: [RosterKey], named: [RosterKey], _ stateReader: StateReader, _ result: inout Result, _ empty: [GroupName]
  ) async throws(EngineError) -> [Subject] {
    var subjects: [Subject] = []
    var occupants: [Occupant] = []
    var pending = keys
    var known = Set(keys)
    var duplicates: [Step] = []
    var meter = PlanLimit.Meter(limit)
    while !pending.isEmpty {
      var holders: [RosterKey] = []
      for start in stride(from: 0, to: pending.count, by: 256) {
        let some = Array(pending[start..<min(start + 256, pending.count)])
        let survey = try await stateReader.survey(some, lane: .reading, careful: true)
        subjects += survey.subjects
        engine.meter?.done = subjects.count
        try meter.add(survey.subjects)
        occupants += survey.occupants
        let problems = survey.problems.filter { survey.duplicates[$0.key] == nil && !isPinned($0.key) }
        result.parked.merge(problems) { first, _ in first }
        duplicates += survey.duplicates.filter { !isPinned($0.key) }.values.joined()
        holders += survey.postponed
        for holder in survey.occupants.compactMap(\.key) + survey.waits.values
        where known.insert(holder).inserted { holders.append(holder) }
      }
      pending = holders
      if let groups { try await groups.keeper.believe(&subjects, .reading, isRehearsal: true) }
      if pending.isEmpty, let groups {
        pending = try await groups.newcomers(subjects).filter { known.insert($0).inserted }
      }
    }
    let own = Set(subjects.compactMap { $0.current?.dn.text })
    let outside = occupants.filter { !own.contains($0.dn.text) }
    for index in subjects.indices {
      subjects[index].isPinned = isPinned(subjects[index].key)
      if isApproved { continue }
      // A directory's first comparison holds all removals, each with its action.
      if engine.state.meetings.phase == .first { subjects[index].acquaintance.insert(.removal) }
      guard engine.state.held(subjects[index].key)?.isApproved == false else { continue }
      subjects[index].removalHeld = true
    }
    result.plan = stateReader.planner.plan(subjects, occupants: outside)
    try await foretellHolds(&subjects, outside, stateReader, &result)
    result.held = result.plan.withheld + result.plan.shielded
    let made = try await missingContainers(&result.plan)
    if let groups {
      var plan = result.plan
      let steps = try await groups.steps(subjects, &plan, empty: empty) { leaves throws(EngineError) in
        try await self.withheld(leaves, stateReader, &result)
      }
      result.plan = plan
      result.plan.sequences = sequences(steps.before) + made + result.plan.sequences + sequences(steps.after)
    } else {
      result.plan.sequences = made + result.plan.sequences
    }
    result.plan.sequences = sequences(duplicates) + result.plan.sequences
    result.plan.sequences += sequences(try await following(subjects, result.plan, stateReader))
    result.plan.sequences += sequences(try await referring(subjects, named: named, stateReader, &result))
    result.pinned = pinned(result.plan)
    result.takeovers = result.plan.takeovers
    result.parked.merge(result.plan.parked) { first, _ in first }
    return subjects
  }

  private func sequences(_ steps: [Step]) -> [Plan.Sequence] { steps.map { Plan.Sequence(steps: [$0]) } }

  /// The containers that a plan would create; a key whose container cannot be created is parked.
  private func missingContainers(_ plan: inout Plan) async throws(EngineError) -> [Plan.Sequence] {
    guard let containers, let schema = engine.link.facts?.schema else { return [] }
    if engine.configuration.users.container.isEmpty, engine.configuration.users.leavers == nil { return [] }
    var known: Set<String> = []
    var made: [Step] = []
    for step in plan.sequences.flatMap(\.steps) {
      guard let place = step.destination else { continue }
      for container in try await containers.missing(above: place, known: known, .reading) {
        do throws(Problem) {
          made.append(Step(key: step.key, operation: try containers.making(container), what: .makeContainer))
        } catch {
          plan.parked[step.key] = error.concerning(step.key)
        }
        known.insert(container.normalized(schema))
      }
      if let parent = place.parent { known.insert(parent.normalized(schema)) }
    }
    return sequences(made)
  }
}
