internal import DequeModule
internal import LDAP
package import Postgres
package import Reactor
internal import RollcallCore

/// Holds the lock that makes this process the only one that writes to the directory.
///
/// A two-integer advisory lock on a session that the server ends when it has been idle for ten seconds: a frozen
/// process, whose connection looks healthy, thereby loses the lock. But a lock may be lost before its holder learns
/// of it (the server ends the session or crashes, and the message is late). So a write is sent only within
/// ``validity`` of a query that confirmed the lock, by a clock that runs while the process is stopped, and a
/// successor sends nothing until that time has passed for its predecessor (``beginTerm(afterAnother:)``).
///
/// Any role may take an advisory lock, and pg_locks shows its number. If a role that may not write the ledger holds
/// it, another random number is chosen and stored in the directory's row, which strangers cannot read. The holder of
/// a lock leads only if the row, read while locked, still names its number; a number is replaced only with the row
/// locked and while a stranger holds it. So two processes never lead under two numbers.
@Reactor
package final class Leader: WritePermit {
  /// The first integer of the lock, the same for every Rollcall: "roll" in ASCII.
  static let lockClass: Int32 = 0x726f_6c6c
  /// How often the lock is checked while nothing is written.
  private static let confirmEvery: Duration = .seconds(3)
  /// While there are writes, it is checked if the last confirmed query is older than this: ahead of bulk writes, and
  /// in the pauses between others.
  package static let fresh: Duration = .milliseconds(200)
  private static let validity: Duration = .milliseconds(900)
  /// Somewhat longer, because clocks differ in pace and a send takes a moment.
  private static let grace: Duration = .seconds(1)

  private let database: Database
  private let directory: String
  private var object: Int32 = 0
  /// When the last confirmed query was sent; nil if this process does not lead.
  private var confirmed: ContinuousClock.Instant?
  private var writesFrom: ContinuousClock.Instant?
  private var isAsking = false
  package private(set) var term = 0
  private var keeper: Task<Void, Never>?
  private var timer: Timer?
  private var waiting = Deque<@Reactor (Bool) -> Void>()
  package var onLost: (@Reactor (EngineError) -> Void)?
  /// Called when the lock was held by another program.
  package var onStranger: (@Reactor (LockHolder) -> Void)?

  package init(_ options: ConnectionOptions, directory: String) {
    database = Database(options)
    self.directory = directory
  }

  /// Whether it has the lock, as far as it knows.
  package var isLeading: Bool { confirmed != nil }

  var mayWrite: Bool {
    guard let confirmed else { return false }
    return ContinuousClock.now - confirmed < Leader.validity && hasOutlasted
  }

  /// Whether a predecessor can no longer write.
  package var hasOutlasted: Bool { writesFrom.map { .now >= $0 } ?? true }

  /// The subject of the lock: what is written to. Two processes with one subject exclude each other.
  package nonisolated static func subject(server: String, base: String) -> String { server + " " + base }

  /// The second integer of the lock.
  static func object(for subject: String) -> Int32 {
    var hash = StableHash()
    hash.combine(subject.utf8)
    return Int32(truncatingIfNeeded: hash.value)
  }

  /// Tries to become the leader.
  ///
  /// - Parameters:
  ///   - subject: what is written to; two processes with one subject exclude each other.
  ///   - patience: how long to wait for the lock if another process has it.
  package func tryToLead(subject: String, patience: Duration) async throws(EngineError) -> Bool {
    // A process that has lost its session has lost the lock, and may not know it yet. And while it has its session,
    // PostgreSQL has not crashed: what was read from the log is still valid.
    if isLeading, await isConfirmed() { return true }
    if isLeading { resign() }
    var asked = ContinuousClock.now
    try await database.query("SET idle_session_timeout = '10s'", timeout: .seconds(5))
    // Another round if a stranger held the lock, or another process has chosen a new number meanwhile.
    for round in 0... {
      if round == 3 { return false }
      asked = .now
      object = try await number(subject)
      if try await takeLock(patience) {
        if try await number(subject) == object { break }
        try await database.query("SELECT pg_advisory_unlock(\(Leader.lockClass), \(object))", timeout: .seconds(5))
      } else {
        guard let holder = try await Leader.holder(of: directory, subject: subject, database), !holder.isRollcall
        else { return false }
        onStranger?(holder)
        try await chooseNumber(subject)
      }
    }
    confirmed = asked
    term += 1
    isAsking = false
    writesFrom = nil
    keeper?.cancel()
    keeper = Reactor.task { await self.keep() }
    return true
  }

  private func takeLock(_ patience: Duration) async throws(EngineError) -> Bool {
    let key = "\(Leader.lockClass), \(object)"
    let result = try await database.query("SELECT pg_try_advisory_lock(\(key))", timeout: .seconds(5))
    if result.bool(0, 0) || patience == .zero { return result.bool(0, 0) }
    // A waiting session gets the lock as soon as it is free.
    try await database.query("SET lock_timeout = \(Int(patience / .milliseconds(1)))", timeout: .seconds(5))
    do throws(EngineError) {
      try await database.query("SELECT pg_advisory_lock(\(key))", timeout: patience + .seconds(5))
      return true
    } catch {
      // lock_not_available
      if case .database(let failure) = error, failure.sqlState == "55P03" { return false }
      throw error
    }
  }

  /// The number of the lock in the directory's row; waits while another process changes it.
  private func number(_ subject: String) async throws(EngineError) -> Int32 {
    // Row locking needs a row.
    try await database.query(
      "INSERT INTO rollcall.directory (name) VALUES ($1) ON CONFLICT DO NOTHING", [directory], timeout: .seconds(15))
    let result = try await database.query(
      "SELECT \(Leader.number(subject: subject)) FROM rollcall.directory AS d WHERE name = $1 FOR SHARE", [directory],
      timeout: .seconds(15))
    return result.int(0, 0).flatMap { Int32(exactly: $0) } ?? Leader.object(for: subject)
  }

  /// Chooses another random number if a stranger still holds the lock.
  private func chooseNumber(_ subject: String) async throws(EngineError) {
    do throws(EngineError) {
      try await database.query("BEGIN", timeout: .seconds(5))
      try await database.query(
        "SELECT FROM rollcall.directory WHERE name = $1 FOR UPDATE", [directory], timeout: .seconds(15))
      if let holder = try await Leader.holder(of: directory, subject: subject, database), !holder.isRollcall {
        try await database.query(
          "UPDATE rollcall.directory SET lock_number = $2 WHERE name = $1",
          [directory, "\(Int32.random(in: Int32.min...Int32.max))"], timeout: .seconds(5))
      }
      try await database.query("COMMIT", timeout: .seconds(5))
    } catch {
      database.close()
      throw error
    }
  }

  /// Starts writing.
  ///
  /// - Parameter afterAnother: whether another process led before and did not record its end. It may not know yet
  ///   that it has lost the lock.
  package func beginTerm(afterAnother: Bool) {
    guard afterAnother else { return }
    writesFrom = .now + Leader.grace
    timer?.cancel()
    timer = Reactor.loop.after(Leader.grace) { [weak self] in self?.decide() }
  }

  /// Waits until the predecessor can no longer write: until then it may record planned operations in the ledger, and
  /// anything read before may be incomplete.
  package func outlastPredecessor() async throws(EngineError) {
    while let moment = writesFrom, moment > .now {
      do { try await Reactor.sleep(for: moment - .now) } catch { break }
    }
    if !isLeading { throw .standby }
  }

  // MARK: Permission

  /// Checks whether the lock is still held, unless this was checked a moment ago.
  func refresh(olderThan age: Duration) {
    guard let confirmed, ContinuousClock.now - confirmed > age else { return }
    ask()
  }

  /// Call it when nothing is being written for the moment: the question meets no write then.
  package func refreshInPause() { refresh(olderThan: Leader.fresh) }

  func whenDecided(_ body: @escaping @Reactor (Bool) -> Void) {
    waiting.append(body)
    decide()
  }

  /// Answers the waiting writers in turn; a large write may use up the permission's time for the others.
  private func decide() {
    while !waiting.isEmpty, mayWrite || !isLeading, let body = waiting.popFirst() { body(isLeading) }
    // An answer may have taken longer than its validity.
    if !waiting.isEmpty, hasOutlasted { refresh(olderThan: Leader.fresh) }
  }

  private func keep() async {
    while !Task.isCancelled {
      do {
        try await Reactor.sleep(for: Leader.confirmEvery)
      } catch { return }
      ask()
    }
  }

  /// Checks whether the lock is still held, one query at a time: an answer is as old as its query.
  private func ask() {
    if isAsking || !isLeading { return }
    isAsking = true
    let term = self.term
    Reactor.task { await self.ask(in: term) }
  }

  /// Gives the lock up unless it is confirmed.
  private func ask(in term: Int) async {
    guard term == self.term, isLeading else { return }
    // The time before the query counts: the answer may have arrived while this process was stopped.
    let asked = ContinuousClock.now
    do throws(EngineError) {
      let isHeld = try await holdsLock()
      guard term == self.term, isLeading else { return }
      if !isHeld { throw .database(PostgresError(kind: .connection, message: "the leader's lock was lost")) }
      isAsking = false
      confirmed = asked
      decide()
    } catch {
      guard term == self.term, isLeading else { return }
      resign()
      onLost?(error)
    }
  }

  private func holdsLock() async throws(EngineError) -> Bool {
    let held = try await database.execute(
      "lock",
      """
      SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted
        AND classid = $1::oid AND objid = $2::oid
      """, ["\(UInt32(bitPattern: Leader.lockClass))", "\(UInt32(bitPattern: object))"], timeout: .seconds(4))
    return !held.isEmpty
  }

  /// Checks now whether the lock is held.
  private func isConfirmed() async -> Bool {
    let asked = ContinuousClock.now
    guard let isHeld = try? await holdsLock(), isHeld else { return false }
    confirmed = asked
    decide()
    return true
  }

  /// Releases the lock.
  package func resign() {
    confirmed = nil
    isAsking = false
    keeper?.cancel()
    keeper = nil
    timer?.cancel()
    timer = nil
    database.close()
    decide()
  }
}
