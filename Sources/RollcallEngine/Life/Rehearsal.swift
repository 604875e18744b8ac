internal import LDAPModel
internal import Postgres
public import Reactor
public import RollcallCore

/// `rollcall plan`: the path of every key without its last step.
///
/// It reads the same sides with the same mapping and planner, and writes nowhere; a lock is not needed for that.
@Reactor
public final class Rehearsal {
  private let engine: Engine

  public init(_ engine: Engine) { self.engine = engine }

  /// What would change, and what would not although the table says so.
  public struct Result: Sendable {
    public var plan = Plan()
    /// Removals that a person has to release, with what would be done.
    public var held: [Removal] = []
    /// Why a key cannot be planned for.
    public var parked: [String: Problem] = [:]
    /// How many keys were looked at.
    public var keys = 0
  }

  /// Plans for these keys, or for everybody.
  ///
  /// - Throws: ``EngineError`` when either side did not answer completely.
  public func run(_ keys: [String]) async throws(EngineError) -> Result {
    try await engine.requireInstalled()
    try await engine.link.connect()
    guard let facts = engine.link.facts else { throw .refused("the directory did not say what it is") }
    try await engine.state.load()
    let surveyor = Surveyor(
      engine.configuration, roster: engine.roster, link: engine.link, state: engine.state, facts: facts)
    var keys = keys
    var result = Result()
    if keys.isEmpty {
      let reader = BothSides(
        Roster(engine.bulk, engine.roster.query), stream: engine.bulk, surveyor, engine.link)
      result.keys = try await reader.read { found in keys += found }
    } else {
      result.keys = keys.count
    }
    try await plan(keys, surveyor, &result)
    return result
  }

  /// All keys that differ are planned for together, so that names which some of them free are seen to be free.
  private func plan(_ keys: [String], _ surveyor: Surveyor, _ result: inout Result) async throws(EngineError) {
    var subjects: [Subject] = []
    var occupants: [Occupant] = []
    var pending = keys
    var known = Set(keys)
    while !pending.isEmpty {
      var holders: [String] = []
      for start in stride(from: 0, to: pending.count, by: 256) {
        let some = Array(pending[start..<min(start + 256, pending.count)])
        let survey = try await surveyor.survey(some, lane: .reading, careful: true)
        subjects += survey.subjects
        occupants += survey.occupants
        result.parked.merge(survey.problems) { first, _ in first }
        for holder in survey.occupants.compactMap(\.key) + survey.waits.values
        where known.insert(holder).inserted { holders.append(holder) }
      }
      pending = holders
    }
    let own = Set(subjects.compactMap { $0.current?.dn.text })
    let outside = occupants.filter { !own.contains($0.dn.text) }
    for index in subjects.indices where engine.state.held[subjects[index].key]?.isApproved == false {
      subjects[index].removalHeld = true
    }
    result.plan = surveyor.planner.plan(subjects, occupants: outside)
    result.held = result.plan.withheld
    result.parked.merge(result.plan.parked) { first, _ in first }
  }
}
