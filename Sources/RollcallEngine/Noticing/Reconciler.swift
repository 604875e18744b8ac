internal import LDAP
internal import LDAPModel
internal import Postgres
package import Reactor
package import RollcallCore
package import RollcallLedger

/// Compares the whole roster with the whole directory and hands in the keys that differ.
@Reactor
struct Reconciler {
  let reader: BothSides
  let dispatcher: Dispatcher
  /// Why every removal is held; nil where the budget decides.
  let holding: RemovalBudget.Reason?
  /// The log asked for it.
  let isOfTheLog: Bool

  /// Looks at everybody once; the epoch's count is taken over and given back when all removals are decided.
  ///
  /// - Returns: the entries with a link that were found, and the removal batch that decides over removals.
  /// - Throws: ``EngineError`` when either side was not read to its end; no removal comes of it then.
  func run(epoch: Epoch) async throws(EngineError) -> (entries: Int, removalBatch: RemovalBatch) {
    let removalBatch = dispatcher.removalGuard.begin(holding: holding)
    let seen = reader.nobody
    dispatcher.removalGuard.comparison.begin(.init(removalBatch: removalBatch, seen: seen, isOfTheLog: isOfTheLog))
    // Their rows may have been read before everybody was taken away (TRUNCATE names no key), and their entries be made
    // when this has passed their places.
    for key in dispatcher.queue.inFlight { dispatcher.add(key, .reconcile, epoch: epoch, removalBatch: removalBatch) }
    do throws(EngineError) {
      let entries = try await reader.read(seen) { keys in
        guard await dispatcher.room() else { return }
        for key in keys { dispatcher.add(key, .reconcile, epoch: epoch, removalBatch: removalBatch) }
        if !keys.isEmpty { dispatcher.pump() }
      }
      try await reader.dropEmptyGroups()
      // What is set aside or held although it is in step by now differs nowhere.
      for key in dispatcher.state.exceptions {
        dispatcher.add(key, .reconcile, epoch: epoch, removalBatch: removalBatch)
      }
      dispatcher.removalGuard.managed[.people] = entries
      dispatcher.removalGuard.managed[.memberships] = reader.tally?.count
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

/// Streams the whole roster and the whole directory side by side.
///
/// The directory comes page by page with each page's rows, then the roster's keys, of which those that no entry carried
/// are missing people. What is remembered is eight bytes a person, and of people who are missing their packed keys.
@Reactor
package final class BothSides {
  private let roster: Roster
  private let stream: Database
  private let stateReader: StateReader
  private let link: DirectoryLink
  private let groups: GroupKeeper?
  /// Where entries that are known from now on are written down; nil where nothing is.
  private let meetings: MeetingBook?
  private let meter: ReadingMeter?
  /// What was found in the managed groups; nil where there are none.
  package private(set) var tally: GroupTally?

  /// - Parameters:
  ///   - roster: on a session of its own, so that its large answers keep nobody waiting.
  ///   - stream: a session for reading all keys.
  ///   - groups: compares memberships as well.
  ///   - meetings: where entries that are known from now on are written down.
  ///   - meter: shows how far it is.
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

  /// For a reading's beginning.
  package var nobody: SeenLinks { SeenLinks(stateReader.facts.schema.matchingRule(for: stateReader.rules.link)) }

  /// Hands keys that differ to `each`, which may take its time, and returns how many links were found.
  ///
  /// - Throws: ``EngineError`` when either side was not read to its end.
  package func read(_ seen: SeenLinks, _ each: @Reactor ([RosterKey]) async -> Void) async throws(EngineError) -> Int {
    tally = try await groups?.tally()
    if let meter { meter.begin(.comparing, total: await roster.query.estimate(stream)) }
    try await readDirectory(seen, each)
    try await readRoster(seen, each)
    return seen.count
  }

  /// Deletes groups that Rollcall made and that were left empty by a crash.
  func dropEmptyGroups() async throws(EngineError) {
    if let groups, let tally { try await groups.drop(tally.empty) }
  }

  /// While one page's rows are under way the next page of entries is, so that neither side waits for the other.
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

  /// The keys that entries carry; `again`: those that another entry has carried. The look at such a key names both.
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
      // Rows that are too much for one answer are compared one part after the other.
      while !rest.isEmpty {
        let survey = try await stateReader.survey(rest, entries: entries, roster)
        same.formUnion(stateReader.planner.plan(survey.subjects).settled)
        if let tally {
          for subject in survey.subjects where !tally.isInStep(subject) { same.remove(subject.key) }
        }
        try await record(survey.subjects, inStep: same)
        rest = survey.postponed
      }
      return .success(again + keys.filter { !same.contains($0) })
    } catch {
      return .failure(error)
    }
  }

  /// Writes down whom a directory's first comparison, or an upgrade's, has found.
  private func record(_ subjects: [Subject], inStep same: Set<RosterKey>) async throws(EngineError) {
    guard let meetings, meetings.phase != .settled else { return }
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
    // Only now that nothing is asked of PostgreSQL any more may it be waited for room: a statement has a deadline.
    while let keys = missing.next() {
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
        // A condition that fails for one row fails the stream, with whatever error, and may end the session: every
        // unseen key is looked at by itself then.
        let all = roster.query.keys(inScopeOnly: false)
        guard case .database = error, sql != all else { throw error }
        missing = KeySpool()
        sql = all
      }
    }
  }
}
