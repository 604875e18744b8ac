import LDAPModel
import RollcallCore

/// The engine's loop over a simulated directory: reads by link, plans, applies, keeps the ledger; can be
/// killed between any two of its steps.
struct SimulatedEngine {
  struct Killed: Error {}
  struct Refused: Error, CustomStringConvertible {
    let operation: Operation
    let code: ResultCode
    var description: String { "\(operation): \(code)" }
  }

  var directory: SimulatedDirectory
  var rows: [RosterKey: RosterRow]
  var disabled: Set<RosterKey> = []
  var parked: [RosterKey: Problem] = [:]
  let rules: UserRules
  let dialect: any Dialect
  let projection: Projection
  let planner: Planner
  /// Ledger writes and operations until it is killed; nil: never.
  var fuel: Int?

  init(_ rules: UserRules, _ dialect: any Dialect, _ directory: SimulatedDirectory, _ rows: [RosterRow]) {
    self.directory = directory
    self.rules = rules
    self.dialect = dialect
    self.rows = Dictionary(uniqueKeysWithValues: rows.map { ($0.key, $0) })
    projection = Projection(rules: rules, schema: directory.schema, dialect: dialect)
    planner = Planner(rules: rules, schema: directory.schema, dialect: dialect)
  }

  /// Every key that has a row or an entry.
  var keys: [RosterKey] {
    Set(rows.keys).union(directory.all.compactMap { $0[rules.link].first?.text.map { RosterKey($0) } }).union(disabled)
      .sorted()
  }

  func subject(_ key: RosterKey) -> Subject {
    Subject(
      key: key, desired: projection.desired(for: rows[key]),
      current: directory.entries(where: rules.link, is: AttributeValue(key)).first,
      disabledByUs: disabled.contains(key))
  }

  func occupants(_ subjects: [Subject]) -> [Occupant] {
    let found = planner.claims(of: subjects).flatMap { claim in
      switch claim {
      case .name(let dn): directory.entry(dn).map { [$0] } ?? []
      case .value(let attribute, let value): directory.entries(where: attribute, is: value)
      }
    }
    return Set(found).sorted { $0.dn.text < $1.dn.text }.map { Occupant($0, link: rules.link) }
  }

  /// Plans these keys with all that stand in their way.
  func plan(_ keys: [RosterKey]) -> Plan {
    var keys = keys
    while true {
      let subjects = keys.map(subject)
      let plan = planner.plan(subjects, occupants: occupants(subjects))
      let missing = Set(plan.blocked.values.map(\.key)).subtracting(keys)
      if missing.isEmpty { return plan }
      keys += missing.sorted()
    }
  }

  /// One pass over the keys in batches, the sequences of a batch side by side.
  mutating func pass(batch: Int, _ random: inout SeededRandom) throws {
    var keys = keys.shuffled(using: &random)
    while !keys.isEmpty {
      let plan = plan(Array(keys.prefix(batch)))
      keys.removeFirst(min(batch, keys.count))
      parked.merge(plan.parked) { $1 }
      for key in plan.settled { parked[key] = nil }
      for key in plan.staleDisables { disabled.remove(key) }
      var sequences = plan.sequences.map { ArraySlice($0.steps) }
      while !sequences.isEmpty {
        let index = Int.random(in: sequences.indices, using: &random)
        if let step = sequences[index].popFirst() {
          try perform(step)
        } else {
          sequences.remove(at: index)
        }
      }
      for sequence in plan.sequences {
        for key in sequence.keys where plan.parked[key] == nil { parked[key] = nil }
      }
    }
  }

  mutating func perform(_ step: Step) throws {
    if step.journalDisable {
      try burn()
      disabled.insert(step.key)
    }
    try burn()
    do throws(ResultCode) { try directory.apply(step.operation) } catch {
      throw Refused(operation: step.operation, code: error)
    }
    if step.clearsDisable {
      try burn()
      disabled.remove(step.key)
    }
  }

  private mutating func burn() throws {
    guard let left = fuel else { return }
    guard left > 0 else { throw Killed() }
    fuel = left - 1
  }
}
