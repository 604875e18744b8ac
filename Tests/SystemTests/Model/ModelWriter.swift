import Postgres
import Reactor
import Sandbox

/// One of HR's sessions: random transactions, one after the other.
final class ModelWriter: Sendable {
  private static let names: [String] =
    (0..<80).map { "p\($0)" } + ["a,b", "#hash", "qu\"ote", "back\\slash", "ümläut", "日本語", "*()", "a+b=c", "<x>;"]

  let site: Site
  private let number: Int
  private let hasGroups: Bool
  /// Whether it writes rooms instead of people.
  private let isOfRooms: Bool
  private let names: [String]

  init(_ site: Site, number: Int, _ plan: ModelPlan, ofRooms isOfRooms: Bool = false) {
    self.site = site
    self.isOfRooms = isOfRooms
    self.number = number
    hasGroups = plan.isHeld
    // 389 Directory Server takes no others in `uid`, as it is installed (7-bit check plug-in).
    let isASCII = ModelPlan.directory == .directory389 && !plan.isMirrored
    names = isASCII ? Self.names.filter { $0.utf8.allSatisfy { $0 < 0x80 } } : Self.names
  }

  /// What it has done.
  struct Tally: Sendable {
    var transactions = 0
    var changes = 0
    var failures = 0
    /// Transactions that were prepared, and that ended later by another statement.
    var prepared = 0
    var ended = 0

    mutating func add(_ other: Tally) {
      transactions += other.transactions
      changes += other.changes
      failures += other.failures
      prepared += other.prepared
      ended += other.ended
    }
  }

  /// Writes until the task is cancelled; commits or rolls back what is open then.
  func run(_ random: ModelRandom, from first: Int) async -> Tally {
    var random = random
    var tally = Tally()
    var session: PostgresConnection?
    var last = first
    while !Task.isCancelled {
      do {
        if session == nil { session = try await open() }
        guard let session else { continue }
        try await transaction(session, &random, &last, &tally)
        tally.transactions += 1
      } catch {
        tally.failures += 1
        let failed = session
        session = nil
        try? await Reactor.run { failed?.close() }
      }
      // Some write without a rest, most do not.
      try? await Task.sleep(for: .milliseconds(random.chance(30) ? 0 : random.below(isOfRooms ? 1000 : 40)))
    }
    let waiting = (try? await site.sql(isPrepared)) ?? ""
    for name in waiting.split(separator: "\n") { _ = try? await site.sql("COMMIT PREPARED '\(name)'") }
    let open = session
    try? await Reactor.run { open?.close() }
    return tally
  }

  private func open() async throws -> PostgresConnection {
    let conninfo = site.postgres.conninfo(database: site.name)
    return try await Reactor.run {
      let session = try await PostgresConnection.open(ConnectionOptions(conninfo, applicationName: "hr"))
      try await session.script("SET lock_timeout = '300ms'; SET deadlock_timeout = '100ms'")
      return session
    }
  }

  /// The transactions of this writer that are prepared and wait; whether the answer to PREPARE came does not matter.
  private var isPrepared: String {
    "SELECT gid FROM pg_prepared_xacts WHERE gid LIKE '\(site.name)\\_\(number)\\_%' ORDER BY prepared"
  }

  private func prepared(_ session: PostgresConnection) async throws -> String? {
    let sql = "\(isPrepared) LIMIT 1"
    return try await Reactor.run {
      let found = try await session.query(sql)
      return found.rowCount == 0 ? nil : found.text(0, 0)
    }
  }

  private func transaction(
    _ session: PostgresConnection, _ random: inout ModelRandom, _ last: inout Int, _ tally: inout Tally
  ) async throws {
    func run(_ sql: String) async throws -> Int {
      try await Reactor.run { try await session.query(sql).affectedRows }
    }
    if random.chance(8), let name = try await prepared(session) {
      _ = try await run("\(random.chance(75) ? "COMMIT" : "ROLLBACK") PREPARED '\(name)'")
      tally.ended += 1
      return
    }
    let isTwoPhase = random.chance(4)
    do {
      _ = try await run("BEGIN")
      if isTwoPhase || random.chance(15) { _ = try await run("SET LOCAL rollcall.notify = off") }
      var changed = 0
      for _ in 0...random.below(3) {
        if random.chance(15) {
          // What is rolled back to a savepoint never was.
          _ = try await run("SAVEPOINT here")
          _ = try await run(statement(&random, &last))
          _ = try await run(random.chance(60) ? "ROLLBACK TO here" : "RELEASE here")
        } else {
          changed += try await run(statement(&random, &last))
        }
      }
      if random.chance(4) { try await Task.sleep(for: random.seconds(0.5...6)) }
      if isTwoPhase {
        last += 1
        let name = "\(site.name)_\(number)_\(last)"
        _ = try await run("PREPARE TRANSACTION '\(name)'")
        tally.prepared += 1
      } else {
        _ = try await run(random.chance(90) ? "COMMIT" : "ROLLBACK")
      }
      tally.changes += changed
    } catch {
      _ = try await run("ROLLBACK")
      throw error
    }
  }

  /// People are drawn by their place among the others, so that the numbers drawn mean something in every run.
  private func statement(_ random: inout ModelRandom, _ last: inout Int) -> String {
    if isOfRooms { return ModelRooms.statement(&random) }
    let place = "OFFSET (SELECT count(*) * \(random.below(1000)) / 1000 FROM users)"
    let somebody = "(SELECT id FROM users ORDER BY id \(place) LIMIT 1)"
    let name = random.pick(names).replacing("'", with: "''")
    func new() -> Int {
      last += 1
      return last * 10 + number
    }
    if hasGroups, random.chance(35) { return membership(somebody, &random) }
    if random.chance(8) { return ModelAccounts.statement(somebody, &random) }
    switch random.below(100) {
    case 0..<22:
      let id = new()
      let status = random.chance(85) ? "active" : "left"
      return """
        INSERT INTO users (id, username, email, full_name, status, updated_at, shell)
        SELECT \(id), '\(name)', 'e\(id)@example.com', 'First Last\(id)', '\(status)', now(),
          \(ModelAccounts.shell(&random))
        WHERE NOT EXISTS (SELECT FROM users WHERE username = '\(name)')
        """
    case 22..<40:
      let mail = random.chance(10) ? "NULL" : "'m\(random.below(1000))@example.com'"
      return "UPDATE users SET email = \(mail), full_name = 'Other Name\(random.below(50))' WHERE id = \(somebody)"
    case 40..<55:
      return """
        UPDATE users SET username = '\(name)' WHERE id = \(somebody)
          AND NOT EXISTS (SELECT FROM users WHERE username = '\(name)')
        """
    case 55..<65: return exchange(place, of: 2 + random.below(3))
    case 65..<75: return "DELETE FROM users WHERE id = \(somebody)"
    case 75..<80: return "UPDATE users SET id = \(new()) WHERE id = \(somebody)"
    case 80..<86:
      return "UPDATE users SET status = CASE status WHEN 'active' THEN 'left' ELSE 'active' END WHERE id = \(somebody)"
    case 86..<90:
      let end = random.chance(30) ? "NULL" : "now() + interval '\(random.below(12)) seconds'"
      let who = random.chance(80) ? "id = \(somebody)" : "id % 9 = \(random.below(9))"
      return "UPDATE users SET ends = \(end) WHERE \(who)"
    case 90..<93:
      let first = new()
      last += 20
      return """
        INSERT INTO users SELECT n, 'b' || n, 'b@example.com', 'Bulk ' || n, 'active', now()
        FROM generate_series(\(first), \(first + 10 * random.below(15)), 10) n
        """
    case 93..<96:
      return "UPDATE users SET email = 'bulk\(random.below(100))@example.com' WHERE id % 3 = \(random.below(3))"
    case 96..<98: return "DELETE FROM users WHERE id % 7 = \(random.below(7))"
    case 98: return random.chance(40) ? "TRUNCATE users" : "DELETE FROM users WHERE username LIKE 'b%'"
    default: return "UPDATE users SET username = 'x' || id WHERE id % 11 = \(random.below(11))"
    }
  }

  private func membership(_ somebody: String, _ random: inout ModelRandom) -> String {
    let role = "g\(random.below(6))"
    switch random.below(20) {
    case 0..<11:
      return "INSERT INTO user_roles SELECT id, '\(role)' FROM users WHERE id = \(somebody) ON CONFLICT DO NOTHING"
    case 11..<15: return "DELETE FROM user_roles WHERE user_id = \(somebody)"
    case 15: return "DELETE FROM user_roles WHERE role = '\(role)'"
    case 16: return random.chance(30) ? "TRUNCATE user_roles" : "DELETE FROM user_roles WHERE user_id % 5 = 0"
    case 17: return "UPDATE user_roles SET role = '\(role)' || user_id % 3 WHERE user_id % 4 = 1"
    default: return "INSERT INTO user_roles SELECT id, '\(role)' FROM users WHERE id % 3 = 0 ON CONFLICT DO NOTHING"
    }
  }

  /// Several people pass their names on in a circle.
  private func exchange(_ place: String, of count: Int) -> String {
    """
    WITH s AS (SELECT id, username, row_number() OVER (ORDER BY id) AS place, count(*) OVER () AS count
      FROM (SELECT * FROM users ORDER BY id \(place) LIMIT \(count)) AS some)
    UPDATE users AS u SET username = t.username FROM s JOIN s AS t ON t.place = s.place % s.count + 1 WHERE u.id = s.id
    """
  }
}
