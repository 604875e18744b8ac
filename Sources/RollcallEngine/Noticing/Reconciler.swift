internal import LDAP
internal import LDAPModel
internal import Postgres
package import Reactor
package import RollcallCore
package import RollcallLedger

/// Compares the whole roster with the whole directory and queues the keys that differ.
@Reactor
struct Reconciler {
  let reader: BothSides
  let dispatcher: Dispatcher
  /// Why every removal is held; nil if the budget decides.
  let holding: RemovalBudget.Reason?
  /// Whether the log requested it.
  let isOfTheLog: Bool

  /// Looks at all people once; takes over a count of the epoch and releases it when all removals are decided.
  ///
  /// - Returns: the number of linked entries that were found, and the removal batch that decides on removals.
  /// - Throws: ``EngineError`` if either side was not read completely; then nothing is removed because of it.
  func run(epoch: Epoch) async throws(EngineError) -> (entries: Int, removalBatch: RemovalBatch) {
    // Of a leaver, whom the log names, only a comparison decides that holds everybody or that the log has asked for.
    let isPlain = holding == nil && !isOfTheLog
    let removalBatch = dispatcher.removalGuard.begin(holding: holding)
    let seen = reader.nobody
    dispatcher.removalGuard.comparison.begin(.init(removalBatch: removalBatch, seen: seen, isOfTheLog: isOfTheLog))
    // Their rows may have been read before all rows were removed (TRUNCATE names no key), and their entries may be
    // created after this comparison has passed their places.
    for key in dispatcher.queue.inFlight {
      dispatcher.add(key, .reconcile, epoch: epoch, removalBatch: removalBatch, isPlain: isPlain)
    }
    reader.onCounted = { [removalGuard = dispatcher.removalGuard, counting = dispatcher.counting] kind, found in
      // What is written from now on is added and subtracted.
      let count = kind == .people ? removalGuard.comparison.countEntries() : found
      removalGuard.managed[kind] = count
      if kind == .people { counting.managed = count }
    }
    do throws(EngineError) {
      let entries = try await reader.read(seen) { keys in
        guard await dispatcher.room() else { return }
        for key in keys {
          dispatcher.add(key, .reconcile, epoch: epoch, removalBatch: removalBatch, isPlain: isPlain)
        }
        dispatcher.counting.counters.changes[.reconcile]? += keys.count
        if !keys.isEmpty { dispatcher.pump() }
      }
      try await reader.dropEmptyGroups()
      // A parked or held key that is in step by now does not differ.
      for key in dispatcher.state.exceptions {
        dispatcher.add(key, .reconcile, epoch: epoch, removalBatch: removalBatch, isPlain: isPlain)
      }
      dispatcher.removalGuard.comparison.end(completely: true)
      dispatcher.close(removalBatch, epoch: epoch)
      dispatcher.pump()
      return (entries, removalBatch)
    } catch {
      dispatcher.removalGuard.comparison.end(completely: false)
      dispatcher.removalGuard.abandon(removalBatch)
      throw error
    }
  }
}

/// Streams the whole roster and the whole directory concurrently.
///
/// The directory is read page by page, with each page's rows, and then the roster's keys; those that no entry carried
/// are missing people. Memory use is eight bytes per person, plus the packed keys of missing people.
@Reactor
package final class BothSides {
  private let roster: Roster
  private let stream: Database
  private let stateReader: StateReader
  private let link: DirectoryLink
  private let groups: GroupKeeper?
  /// Records entries that become known; nil if none are recorded.
  private let meetings: MeetingBook?
  private let meter: ReadingMeter?
  /// Finds out why keys differ; nil where that is known, or nobody asks.
  var drift: DriftInspection?
  /// Called when all entries, or all members of the managed groups, have been counted.
  var onCounted: (@Reactor (RemovalKind, Int) -> Void)?
  /// Tells whose references the ledger does not know; nil where nobody asks.
  var references: ReferenceBook?
  /// The members found in the managed groups; nil if there are none.
  package private(set) var tally: GroupTally?

  /// - Parameters:
  ///   - roster: on a session of its own, so that its large answers delay nobody.
  ///   - stream: a session for reading all keys.
  ///   - groups: compares memberships as well.
  ///   - meetings: records entries that become known.
  ///   - meter: shows the progress.
  package init(
    _ roster: Roster, stream: Database, _ stateReader: StateReader, _ link: DirectoryLink, groups: GroupKeeper?,
    meetings: MeetingBook? = nil, meter: ReadingMeter? = nil
  ) {
    self.roster = roster
    self.stream = stream
    self.stateReader = stateReader
    self.link = link
    self.groups = groups
    self.meetings = meetings
    self.meter = meter
  }

  /// The empty set for the start of a reading.
  package var nobody: SeenLinks { SeenLinks(stateReader.facts.schema.matchingRule(for: stateReader.rules.link)) }

  /// Passes keys that differ to `each`, which may take its time, and returns the number of links found.
  ///
  /// - Throws: ``EngineError`` if either side was not read completely.
  package func read(_ seen: SeenLinks, _ each: @Reactor ([RosterKey]) async -> Void) async throws(EngineError) -> Int {
    tally = try await groups?.tally()
    if let tally { onCounted?(.memberships, tally.count) }
    if let meter { meter.begin(.comparing, total: await roster.query.estimate(stream)) }
    try await readDirectory(seen, each)
    onCounted?(.people, seen.count)
    try await readRoster(seen, each)
    return seen.count
  }

  /// Deletes groups that Rollcall created and a crash left empty.
  func dropEmptyGroups() async throws(EngineError) {
    if let groups, let tally { try await groups.drop(tally.empty) }
  }

  /// The next page of entries is requested together with the rows of the current one, so that neither side waits.
  private func readDirectory(
    _ seen: SeenLinks, _ each: @Reactor ([RosterKey]) async -> Void
  ) async throws(EngineError) {
    let session = try link.session(.reading)
    let finder = stateReader.finder
    var last: Task<Result<[RosterKey], EngineError>, Never>?
    do {
      try await session.search(
        base: finder.base, scope: .subtree, filter: finder.everyone, attributes: finder.attributes,
        pageSize: stateReader.facts.dialect.pageSize
      ) { entries in
        let before = last
        let keys = self.keys(of: entries, seen)
        last = Task(executorPreference: Reactor.loop) { await self.differing(keys.new, keys.again, entries) }
        if let before {
          await each(try await before.value.get())
          seen.pageIsDone()
          meter?.done = seen.count
        }
      }
      if let last {
        await each(try await last.value.get())
        seen.pageIsDone()
        meter?.done = seen.count
      }
    } catch let error as EngineError {
      throw error
    } catch let error as LDAPError {
      throw .directory(error)
    } catch {
      throw .refused("\(error)")
    }
  }

  /// The keys of these entries; `again`: those that another entry has carried, too. Looking at such a key names both.
  private func keys(of entries: [Entry], _ seen: SeenLinks) -> (new: [RosterKey], again: [RosterKey]) {
    seen.beginPage()
    var (new, again): ([RosterKey], [RosterKey]) = ([], [])
    for entry in entries {
      for value in entry[stateReader.rules.link] {
        guard let key = value.text.map({ RosterKey($0) }) else { continue }
        if seen.insert(value) { new.append(key) } else { again.append(key) }
      }
    }
    return (new, again)
  }

  private func differing(
    _ keys: [RosterKey], _ again: [RosterKey], _ entries: [Entry]
  ) async -> Result<[RosterKey], EngineError> {
    do throws(EngineError) {
      var same: Set<RosterKey> = []
      var rest = keys
      // Rows that are too large for one answer are compared in parts.
      while !rest.isEmpty {
        let survey = try await stateReader.survey(rest, entries: entries, roster)
        same.formUnion(stateReader.planner.plan(survey.subjects).settled)
        for subject in survey.subjects where stateReader.isUnrecorded(subject) { same.remove(subject.key) }
        if let references {
          let known = try await references.records(of: Array(survey.references.keys))
          for (key, var look) in survey.references {
            look.before = known[key] ?? [:]
            if !look.isRecorded { same.remove(key) }
          }
        }
        if let tally {
          for subject in survey.subjects where !tally.isInStep(subject) { same.remove(subject.key) }
        }
        try await record(survey.subjects, inStep: same)
        rest = survey.postponed
      }
      let differing = keys.filter { !same.contains($0) }
      try await drift?.inspect(differing, entries)
      return .success(again + differing)
    } catch {
      return .failure(error)
    }
  }

  /// Records the entries that a directory's first comparison, or an upgrade's, has found.
  private func record(_ subjects: [Subject], inStep same: Set<RosterKey>) async throws(EngineError) {
    guard let meetings, meetings.phase != .complete else { return }
    let known = subjects.filter { subject in
      meetings.phase == .recording
        ? meetings.isRecording(subject.key) : same.contains(subject.key) && subject.desired.wanted != nil
    }
    let entries = known.compactMap { subject in
      subject.current.map { (key: subject.key, id: stateReader.facts.id(of: $0)) }
    }
    try await meetings.record(entries)
  }

  private func readRoster(
    _ seen: SeenLinks, _ each: @Reactor ([RosterKey]) async -> Void
  ) async throws(EngineError) {
    var missing = KeySpool()
    try await readRoster(seen, &missing)
    // Only after the last query may it wait for room in the queue: a statement has a deadline.
    while let keys = missing.next() {
      try await drift?.inspect(missing: keys)
      await each(keys)
      meter?.done += keys.count
    }
  }

  private func readRoster(_ seen: SeenLinks, _ missing: inout KeySpool) async throws(EngineError) {
    var sql = roster.query.keys(inScopeOnly: true)
    while true {
      do throws(EngineError) {
        return try await stream.reading { session throws(EngineError) in
          do throws(PostgresError) {
            let rows = session.stream(sql, ahead: 5000)
            while let chunk = try await rows.next() {
              for row in chunk {
                if let key = row.key(0, 0), !seen.contains(AttributeValue(key)) { missing.append(key) }
              }
            }
          } catch {
            throw .database(error)
          }
        }
      } catch {
        // A condition that fails for one row fails the stream, with any error, and may end the session: then every
        // unseen key is looked at individually.
        let all = roster.query.keys(inScopeOnly: false)
        guard case .database = error, sql != all else { throw error }
        missing = KeySpool()
        sql = all
      }
    }
  }
}
