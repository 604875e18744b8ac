internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// Keeps attributes of groups in step that have the DNs of people, such as `owner`.
///
/// No row of the ledger tells which group refers to whom: managed groups are few, so each connection and each
/// comparison looks at all of them, and this object remembers whom each refers to. The order makes it safe. Whom a group
/// refers to is noted before the others are looked for, and whoever has been worked on marks the groups that refer to him
/// after his own entry was written. So either the search sees the new name, or the mark finds the group.
@Reactor
final class GroupReferences {
  /// Times that a group is read and written before its refusal counts.
  private static let tries = 4
  /// The longest pause after a look, which is twice as long as the look was: in a load of changes looks take a third of
  /// the time.
  private static let longestRest: Duration = .seconds(10)
  private static let longestCatchingUp: Duration = .seconds(5)
  private static let backoff = Backoff(base: .seconds(1), cap: .seconds(300))

  private let reader: GroupReferenceReader
  private let link: DirectoryLink
  private let dispatcher: Dispatcher
  private let recorder: Recorder?
  /// Whom the groups refer to, as far as that is known.
  private var book: [GroupName: [WantedReference]] = [:]
  /// The groups that refer to each person.
  private var groupsNaming: [RosterKey: Set<GroupName>] = [:]
  /// Groups to be looked at.
  private var due: [GroupName: Cause] = [:]
  /// Whether a person's row may say whom groups refer to.
  var readsPeople = true
  /// Whether rows may have changed that say whom groups refer to, and which: rows of further tables, or else people.
  private var isAsked = false
  private var changedRows: Cause?
  private var changedPeople: Cause?
  /// Whether all groups are looked at.
  private var isFull = false
  /// Groups that were not there when they were looked at.
  private var missing: Set<GroupName> = []
  private var failures: [GroupName: Failure] = [:]
  private(set) var isLooking = false
  private var running: Task<Void, Never>?
  private var timer: Timer?
  private var retryTimer: Timer?
  private var hasStopped = false
  /// Called when a server is lost.
  var onTrouble: (@Reactor (EngineError) -> Void)?
  /// Called with the reason why groups are not in step, and how to mend it; nil: they are.
  var onFailure: (@Reactor (_ message: String?, _ fix: String) -> Void)?

  init(_ reader: GroupReferenceReader, link: DirectoryLink, dispatcher: Dispatcher, recorder: Recorder?) {
    self.reader = reader
    self.link = link
    self.dispatcher = dispatcher
    self.recorder = recorder
  }

  // MARK: Noticing

  /// Looks at all groups, and once more after a while: an operation of before may be carried out late.
  ///
  /// - Parameter isCatchingUp: whether the log is still being read, which tells what has changed whom groups refer to.
  func begin(again delay: Duration, isCatchingUp: @escaping @Reactor () -> Bool) {
    isFull = true
    let deadline = ContinuousClock.now + GroupReferences.longestCatchingUp
    running = Reactor.task {
      while !self.hasStopped, isCatchingUp(), ContinuousClock.now < deadline {
        try? await Reactor.sleep(for: .milliseconds(5))
      }
      self.running = nil
      self.run()
    }
    timer = Reactor.loop.after(delay) { [weak self] in self?.lookAtAll() }
  }

  func stop() {
    hasStopped = true
    timer?.cancel()
    retryTimer?.cancel()
  }

  func lookAtAll() {
    isFull = true
    run()
  }

  /// Tries groups again that could not be written, or whose expressions have failed.
  func retryNow() {
    if failures.isEmpty { return }
    for group in failures.keys { failures[group]?.next = .now }
    run()
  }

  /// Marks the groups that refer to people who have been worked on, and those that are new. Where the expressions read
  /// people, any of their rows may say whom groups refer to.
  func worked(on keys: [RosterKey], _ steps: [Step], origin: (RosterKey) -> (Origin, JournalCause)) {
    for step in steps where step.what == .makeGroup {
      let (origin, cause) = origin(step.key)
      due[reader.keeper.planner.group(at: step.operation.dn)] = Cause(origin: origin, cause: cause)
    }
    for key in keys {
      let (origin, cause) = origin(key)
      let found = Cause(origin: origin, cause: cause)
      for group in groupsNaming[key] ?? [] { due[group, default: found].merge(found) }
      changedPeople?.merge(found)
      changedPeople = changedPeople ?? found
    }
    if readsPeople {
      isAsked = true
    } else {
      let unknown = reader.keeper.registry.all.filter { book[$0] == nil && failures[$0] == nil }
      for group in missing.union(unknown) { due[group] = due[group] ?? changedPeople ?? Cause() }
    }
    run()
  }

  /// Rows of a further table have changed.
  func changed(_ rows: [ChangedRow]) {
    for row in rows {
      let found = Cause(origin: row.origin, cause: .sweep)
      changedRows?.merge(found)
      changedRows = changedRows ?? found
    }
    isAsked = true
    run()
  }

  private var isOpen: Bool {
    isAsked || isFull || !due.isEmpty || failures.values.contains { $0.next <= .now }
  }

  /// Waits until all groups are in step, or fail.
  func settle() async {
    while !hasStopped, running != nil, isOpen || isLooking { try? await Reactor.sleep(for: .milliseconds(5)) }
  }

  /// Why groups are not in step.
  var failure: String? {
    let all = failures.sorted { $0.key.id < $1.key.id }
    guard let first = all.first else { return nil }
    return first.value.problem.message + (all.count > 1 ? " (and \(all.count - 1) other groups)" : "")
  }

  // MARK: Looking

  private func run() {
    guard running == nil, !hasStopped, isOpen else { return }
    running = Reactor.task {
      while !self.hasStopped, self.isOpen {
        let began = ContinuousClock.now
        self.isLooking = true
        do throws(EngineError) { try await self.look() } catch {
          self.isLooking = false
          self.running = nil
          if !self.hasStopped { self.onTrouble?(error) }
          return
        }
        self.isLooking = false
        let time = ContinuousClock.now - began
        try? await Reactor.sleep(for: min(GroupReferences.longestRest, time * 2))
      }
      self.running = nil
    }
  }

  private func look() async throws(EngineError) {
    let (all, marked, isFull) = (reader.keeper.registry.all, due, self.isFull)
    let cause = changedRows ?? (isFull ? Cause() : changedPeople ?? Cause())
    let isOfAll = isFull || isAsked
    (due, self.isFull, isAsked, changedRows, changedPeople) = ([:], false, false, nil, nil)
    let wanted = all.filter { group in
      if isFull { return true }
      if let failure = failures[group] { return failure.next <= .now }
      return isOfAll || marked[group] != nil
    }
    var answers = try await reader.references(of: wanted)
    if hasStopped { return }
    for group in Set(book.keys).union(failures.keys).union(missing).subtracting(all) { forget(group) }
    var looks: [(group: GroupName, references: [WantedReference], cause: Cause)] = []
    for group in wanted {
      switch answers.removeValue(forKey: group) {
      case .success(let references)?:
        let isNew = book[group] != references
        note(group, references)
        if isFull || isNew || marked[group] != nil || missing.contains(group) || failures[group] != nil {
          looks.append((group, references, marked[group] ?? cause))
        }
      case .failure(let problem)?: fail(group, problem)
      case nil: continue
      }
    }
    for start in stride(from: 0, to: looks.count, by: GroupReferenceReader.atOnce) {
      try await look(at: Array(looks[start..<min(start + GroupReferenceReader.atOnce, looks.count)]))
      if hasStopped { return }
    }
    report()
  }

  /// Looks at some groups and writes them, several times where others write them meanwhile.
  private func look(
    at groups: [(group: GroupName, references: [WantedReference], cause: Cause)]
  ) async throws(EngineError) {
    var open = groups
    for round in 1...GroupReferences.tries {
      let looks = try await reader.look(at: open.map { ($0.group, $0.references) })
      let changes = zip(open, looks).filter { $1.step != nil }
      for (one, look) in zip(open, looks) {
        if look.entry == nil { missing.insert(one.group) } else { missing.remove(one.group) }
        if look.step == nil { failures[one.group] = nil }
      }
      if changes.isEmpty || hasStopped { return }
      let lane = try link.lane(.bulk)
      lane.prepare()
      let refusals = await reader.keeper.write(
        changes.compactMap { one, look in look.step.map { (one.group, $0) } }, lane)
      open = []
      var done: [(step: Step, entry: Entry?, cause: Cause)] = []
      var unknown = done
      var trouble: EngineError?
      for ((one, look), refusal) in zip(changes, refusals) {
        guard let step = look.step else { continue }
        guard let refusal else {
          failures[one.group] = nil
          done.append((step, look.entry, one.cause))
          continue
        }
        switch refusal.meaning(during: .modify) {
        case .connectionLost, .ofTheDirectory, .search:
          trouble = .directory(refusal)
          if UnknownOutcomes.isUnknown(refusal.code) { unknown.append((step, look.entry, one.cause)) }
        case .repairable where round < GroupReferences.tries: open.append(one)
        // Somebody's entry may have got another name since it was read.
        case .ofTheEntry where refusal.code == .constraintViolation && round < GroupReferences.tries: open.append(one)
        case .busy, .ambiguous, .repairable, .ofTheEntry, .access: fail(one.group, Problem.refusal(of: step, refusal))
        }
      }
      try await record(done, unknown)
      if let trouble { throw trouble }
      if open.isEmpty { return }
    }
  }

  private func record(
    _ done: [(step: Step, entry: Entry?, cause: Cause)], _ unknown: [(step: Step, entry: Entry?, cause: Cause)]
  ) async throws(EngineError) {
    dispatcher.appliedSteps += done.count
    for one in done {
      dispatcher.events.emit(.applied(one.step, after: nil, isBulk: done.count > Dispatcher.fastBatch))
    }
    guard let recorder else { return }
    let rows = [(done, JournalRow.Outcome.done), (unknown, .unknown)].flatMap { changes, outcome in
      changes.map { recorder.row(of: $0.step, outcome, $0.entry, $0.cause.origin, $0.cause.cause) }
    }
    try await recorder.journal.write(rows)
  }

  // MARK: Remembering

  private func note(_ group: GroupName, _ references: [WantedReference]) {
    if book[group] == references { return }
    for key in book[group]?.flatMap(\.targets) ?? [] {
      groupsNaming[key]?.remove(group)
      if groupsNaming[key]?.isEmpty == true { groupsNaming[key] = nil }
    }
    book[group] = references
    for key in references.flatMap(\.targets) { groupsNaming[key, default: []].insert(group) }
  }

  private func forget(_ group: GroupName) {
    note(group, [])
    book[group] = nil
    failures[group] = nil
    missing.remove(group)
  }

  private func fail(_ group: GroupName, _ problem: Problem) {
    let attempts = (failures[group]?.attempts ?? 0) + 1
    let delay = GroupReferences.backoff.delay(attempt: attempts, random: Double.random(in: 0..<1))
    failures[group] = Failure(problem: problem, attempts: attempts, next: .now + delay)
  }

  /// Reports what fails, and has it tried again.
  private func report() {
    retryTimer?.cancel()
    retryTimer = nil
    guard let failure, let next = failures.values.map(\.next).min() else {
      onFailure?(nil, "")
      return
    }
    onFailure?(failure, "correct groups.references or the rows that it reads, or let the account write the attribute")
    retryTimer = Reactor.loop.after(max(.zero, next - .now)) { [weak self] in self?.run() }
  }
}
