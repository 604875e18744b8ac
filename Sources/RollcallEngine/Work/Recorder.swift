internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallConfiguration
internal import RollcallCore
internal import RollcallLedger

/// Records for the journal what a pass has done, and what it is about to remove.
@Reactor
struct Recorder {
  let journal: Journal
  private let values: JournalValues
  private let dialect: any Dialect
  private let schema: Schema
  /// Reads complete entries.
  private let finder: EntryFinder
  /// How groups refer to their members; nil if none are configured.
  private let groups: GroupPlanner?

  /// - Returns: nil if no journal is kept.
  init?(_ journal: Journal, _ configuration: Configuration, _ stateReader: StateReader, groups: GroupPlanner?) {
    guard let settings = configuration.journal else { return nil }
    self.journal = journal
    self.groups = groups
    dialect = stateReader.facts.dialect
    schema = stateReader.facts.schema
    let secrets =
      switch dialect.firstPassword {
      case .added(let attribute), .modified(let attribute, _, _, _, _): [attribute]
      }
    values = JournalValues(
      keepsValues: settings.values, hide: settings.hide, secrets: secrets,
      known: (configuration.users.attributes + configuration.users.references).map(\.attribute), schema)
    finder = stateReader.finder.asking(for: ["*", dialect.identityAttribute, "memberOf"])
  }

  // MARK: After the writes

  /// The rows of a pass: its steps, the results of intents, and the parked keys.
  ///
  /// - Parameters:
  ///   - parked: keys whose problem is new.
  ///   - origin: the origin of the work on a key, and its cause.
  func rows(
    of report: WorkReport, parked: [ParkedKey] = [], origin: (RosterKey) -> (Origin, JournalCause)
  ) -> [JournalRow] {
    if report.applied.isEmpty, report.unknown.isEmpty, report.intents.isEmpty, parked.isEmpty { return [] }
    let now = ContinuousClock.now
    var rows: [JournalRow] = []
    var open = report.intents
    func add(_ row: JournalRow) {
      var row = row
      if let key = row.key { (row.origin, row.cause) = origin(key) }
      rows.append(row)
    }
    for step in report.applied {
      var row = self.row(of: step, .done, report.entries[step.key], at: now)
      if step.isRemoval, let intent = open.removeValue(forKey: step.operation.dn.text) {
        row.intent = intent.id
        row.entryID = intent.row.entryID
      }
      add(row)
    }
    for step in report.unknown where report.verdicts[step.key] == nil {
      // The next start determines the result of a removal.
      if !step.isRemoval || open[step.operation.dn.text] == nil {
        add(row(of: step, .unknown, report.entries[step.key], at: now))
      }
    }
    if report.trouble == nil {
      for intent in open.values.sorted(by: { $0.id < $1.id }) { add(refused(intent, report, at: now)) }
    }
    for entry in parked {
      var row = JournalRow("park", .done, key: entry.key, dn: report.entries[entry.key]?.dn.text, at: now)
      row.code = entry.problem.code
      row.message = "\(entry.problem.reason.rawValue): \(entry.problem.message)"
      add(row)
    }
    return rows
  }

  /// The row of a step that changes whom a group refers to. It is of no person.
  func row(
    of step: Step, _ outcome: JournalRow.Outcome, _ entry: Entry?, _ origin: Origin, _ cause: JournalCause
  ) -> JournalRow {
    var row = self.row(of: step, outcome, entry, at: .now)
    (row.key, row.origin, row.cause) = (nil, origin, cause)
    return row
  }

  private func row(
    of step: Step, _ outcome: JournalRow.Outcome, _ entry: Entry?, at now: ContinuousClock.Instant
  ) -> JournalRow {
    var row = JournalRow(step.what.rawValue, outcome, key: step.key, dn: step.operation.dn.text, at: now)
    row.newDN = step.newDN?.text
    row.entryID = step.isOfGroup ? nil : entry.flatMap(dialect.entryID)
    if !step.isRemoval || step.what == .disable { row.changes = values.changes(by: step.operation, of: entry) }
    return row
  }

  /// The row for an intent that was not carried out.
  private func refused(
    _ intent: JournalIntent, _ report: WorkReport, at now: ContinuousClock.Instant
  ) -> JournalRow {
    var row = JournalRow(intent.row.action, .refused, key: intent.row.key, dn: intent.row.dn, at: now)
    row.intent = intent.id
    row.entryID = intent.row.entryID
    if let key = row.key, case .parked(let problem, _, _)? = report.verdicts[key] {
      row.code = problem.code
      row.message = problem.message
    } else {
      row.message = "it was not sent"
    }
    return row
  }

  // MARK: Before removals

  /// Records removals with the complete entries, before they are sent to the directory.
  ///
  /// - Returns: the rows and their ids, by the entries' names.
  func intend(
    _ steps: [Step], _ session: LDAPSession, origin: (RosterKey) -> (Origin, JournalCause)
  ) async throws(EngineError) -> [String: JournalIntent] {
    let entries = try await wholes(of: steps.map(\.operation.dn), session)
    let now = ContinuousClock.now
    let rows = zip(steps, entries).map { step, entry in
      var row = JournalRow(step.what.rawValue, .intended, key: step.key, dn: step.operation.dn.text, at: now)
      (row.origin, row.cause) = origin(step.key)
      row.entryID = entry.flatMap(dialect.entryID)
      row.changes = entry.map(values.removal)
      return row
    }
    let ids = try await journal.intend(rows)
    var intents: [String: JournalIntent] = [:]
    for (id, var row) in zip(ids, rows) {
      row.changes = nil
      if let dn = row.dn { intents[dn] = JournalIntent(id: id, row: row) }
    }
    return intents
  }

  /// The entries at these names with all attributes and memberships; nil for one that does not exist.
  private func wholes(
    of names: [DistinguishedName], _ session: LDAPSession
  ) async throws(EngineError) -> [Entry?] {
    let memberships = names.map { name in
      groups.flatMap { groups in
        groups.value(of: name).map { value in
          session.gather(
            base: groups.rules.base, scope: .subtree, filter: .equal(groups.rules.member, value), attributes: ["1.1"])
        }
      }
    }
    let found = try await finder.claimed(names.map { .name($0) }, session)
    let entries = Dictionary(found.map { ($0.dn.normalized(schema), $0) }) { $1 }
    var wholes: [Entry?] = []
    for (name, search) in zip(names, memberships) {
      var entry = entries[name.normalized(schema)]
      for group in try await search?.entries() ?? [] {
        let value = AttributeValue(group.dn.text)
        if entry?["memberOf"].contains(value) == false { entry?["memberOf"].append(value) }
      }
      wholes.append(entry)
    }
    return wholes
  }
}

extension Worker {
  /// Writes a plan's removals to the journal before any of them is sent.
  func intend(_ plan: Plan, _ survey: Survey, _ pass: inout Pass) async throws(EngineError) {
    if recorder == nil { return }
    let steps = plan.sequences.flatMap(\.steps)
    let keys = Set(steps.map(\.key))
    for subject in survey.subjects where keys.contains(subject.key) {
      if let entry = subject.current { pass.report.entries[subject.key] = entry }
    }
    for (key, entry) in plan.adopted { pass.report.entries[key] = entry }
    try await intend(steps.filter(\.isRemoval), &pass)
  }

  /// The same for individual steps.
  func intend(_ removals: [Step], _ pass: inout Pass) async throws(EngineError) {
    guard let recorder else { return }
    let new = removals.filter { pass.report.intents[$0.operation.dn.text] == nil }
    if new.isEmpty { return }
    let intents = try await recorder.intend(
      new, link.session(pass.reading), origin: pass.origin)
    pass.report.intents.merge(intents) { $1 }
  }
}

extension Step {
  /// Whether it deletes or disables a person's entry.
  var isRemoval: Bool {
    switch what {
    case .delete, .removeDuplicate: true
    case .disable: journalDisable
    default: false
    }
  }

  /// Whether the entry that it writes is a group or a container.
  fileprivate var isOfGroup: Bool {
    switch what {
    case .join, .leave, .follow, .refer, .makeGroup, .dropGroup, .makeContainer: true
    default: false
    }
  }
}
