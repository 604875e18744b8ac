import Sandbox
import Testing

/// A daemon with whatever an alert is about.
struct TroubledRun {
  let site: Site
  private let server: DirectoryServer
  private let daemon: ChildProcess

  static func make() async throws -> TroubledRun {
    var settings = SiteSettings()
    settings.more = "sweep: { every: 1s }"
    let (site, server) = try await House.shared.site(settings).onOwnServer()
    try await site.install()
    let daemon = try await site.start()
    // Otherwise it would find people of whom the log knows nothing: its watermark begins with that comparison.
    try await soon("everybody has been compared once") {
      try await site.sql("SELECT count(*) FROM rollcall.directory WHERE last_reconcile IS NOT NULL") == "1"
    }
    return TroubledRun(site: site, server: server, daemon: daemon)
  }

  private func metrics() async throws -> String { try await site.succeed("metrics").output }

  /// Waits until the metrics satisfy.
  private func metrics(_ what: String, _ isSo: (MetricsText) throws -> Bool) async throws -> String {
    try await soon(what, { try await self.metrics() }, is: { try isSo(MetricsText($0)) })
  }

  /// - Returns: the metrics while all was well, and two of the trouble, some seconds apart.
  func withDaemonInTrouble() async throws -> (well: String, troubled: (first: String, second: String)) {
    let name = site.name
    try await site.sql(
      """
      INSERT INTO users SELECT n, 'u' || n, 'u' || n || '@example.com', 'Full ' || n, 'active' FROM generate_series(1, 100) AS n
      """)
    let well = try await metrics("all are there and counted") {
      $0["rollcall_operations_total", name, #"operation="create",result="done""#] == 100
        && $0["rollcall_log_changes", name] == 0 && $0.sum("rollcall_follow_pending") == 0
    }
    // A follower that has stopped.
    try await site.sql(
      "INSERT INTO rollcall.follower (directory, name, position) VALUES ('\(name)', 'audit', pg_current_snapshot())")
    try await silently()
    try await byOthers()
    try await lostConnections()
    try await site.sql(
      """
      INSERT INTO users SELECT n, NULL, 'x', 'Parked ' || n, 'active' FROM generate_series(1001, 1030) AS n;
      INSERT INTO users SELECT n, 'v' || n, 'x', 'More ' || n, 'active' FROM generate_series(2001, 2100) AS n
      """)
    try await server.modify(
      """
      dn: uid=stranger,\(site.base)
      changetype: add
      objectClass: inetOrgPerson
      uid: stranger
      cn: Stranger
      sn: Stranger
      employeeNumber: 3000
      """)
    try await site.sql("INSERT INTO users VALUES (3000, 'other', 'x', 'Other', 'active')")
    try await site.sql("DELETE FROM users WHERE id BETWEEN 21 AND 80")
    _ = try await metrics("people are parked and held") {
      $0.sum("rollcall_parked") == 30 && $0["rollcall_held", name, #"action="takeover""#] == 1
        && $0["rollcall_held", name, #"action="delete""#] ?? 0 >= 60 && $0.sum("rollcall_follow_pending") > 100
    }
    try await site.sql("UPDATE rollcall.directory SET last_reconcile = last_reconcile - interval '47 hours 50 minutes'")
    await server.stop()
    try await site.sql("UPDATE users SET email = 'late' WHERE id = 1")
    let late = try await site.sql("SELECT clock_timestamp()")
    let seconds = Double(try await site.sql("SELECT extract(epoch FROM '\(late)'::timestamptz)")) ?? 0
    try await haveStored(after: late)
    // The change is the oldest one as soon as the log was read.
    let first = try await metrics("the directory is down, and somebody waits for it") {
      $0["rollcall_directory_up", name] == 0
        && $0["rollcall_oldest_unsettled_timestamp_seconds", name] ?? .infinity <= seconds
    }
    // What stands still, and what goes on, shows after the counters were stored once more.
    try await haveStored(after: try await site.sql("SELECT at + interval '1 second' FROM rollcall.counters"))
    let second = try await metrics("all of it is counted") {
      $0["rollcall_drift_total", name, #"cause="directory""#] == 1
        && $0["rollcall_drift_total", name, #"cause="source""#] ?? 0 >= 1 && $0.sum("rollcall_reconnects_total") >= 4
    }
    return (well, (first, second))
  }

  private func haveStored(after time: String) async throws {
    try await soon("the counters are stored again") {
      try await site.sql("SELECT at > '\(time)' FROM rollcall.counters") == "t"
    }
  }

  /// Changes that nobody notifies, until the daemon has counted some.
  private func silently() async throws {
    var key = 5000
    _ = try await soon("missed notifications are counted") {
      key += 1
      try await site.sql(
        "BEGIN; SET LOCAL rollcall.notify = off; INSERT INTO users VALUES (\(key), 'w\(key)', 'x', 'W', 'active'); COMMIT"
      )
      return try MetricsText(try await metrics()).sum("rollcall_notifications_missed_total") > 15
    }
  }

  /// A changed entry, and a row that has changed while triggers were off.
  private func byOthers() async throws {
    try await server.modify("dn: uid=u1,\(site.base)\nchangetype: modify\nreplace: mail\nmail: other\n")
    try await site.sql(
      """
      DO $$
      DECLARE t name;
      BEGIN
        ALTER TABLE users DISABLE TRIGGER USER;
        UPDATE users SET email = 'new' WHERE id = 3;
        FOR t IN SELECT tgname FROM pg_trigger WHERE tgrelid = 'users'::regclass AND NOT tgisinternal LOOP
          EXECUTE format('ALTER TABLE users ENABLE ALWAYS TRIGGER %I', t);
        END LOOP;
      END $$
      """)
    try await site.rollcall("sync", "--full")
  }

  private func lostConnections() async throws {
    for number in 1...4 {
      // It is at work when that is written.
      try await site.sql("UPDATE users SET email = 'back\(number)' WHERE id = 2")
      try await soon("it is at work") { try await mail(of: "2") == "back\(number)" }
      let before = try await site.sql("SELECT leader_since FROM rollcall.directory")
      try await site.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '\(site.role)' AND pid <> pg_backend_pid()"
      )
      // Before it writes it asks whether it still leads.
      try await site.sql("UPDATE users SET email = 'lost' WHERE id = 2")
      try await soon("it leads again") { try await site.sql("SELECT leader_since FROM rollcall.directory") != before }
    }
  }

  private func mail(of key: String) async throws -> String? {
    let text = try await server.search(base: site.base, filter: "(employeeNumber=\(key))", attributes: ["mail"])
    return text.split(separator: "\n").first { $0.hasPrefix("mail: ") }.map { String($0.dropFirst(6)) }
  }

  /// The metrics after the daemon was killed, and a hundred thousand changes later.
  func abandon() async throws -> String {
    try await daemon.kill()
    try await site.sql(
      """
      INSERT INTO users SELECT n, 'x' || n, 'x', 'X', 'active' FROM generate_series(100001, 200100) AS n
      """)
    return try await metrics("nobody leads") { $0["rollcall_leader", site.name] == 0 }
  }
}
