import LDAPModel
import Reactor
import RollcallCore
import Sandbox
import Testing

@testable import RollcallEngine

/// How often PostgreSQL evaluates `groups.references`.
@Suite struct GroupReferenceReadingTests {
  private static let groups = 200

  @Test("a look at people evaluates the groups that refer to them, where the expression reads no rows of people")
  func onlyTheGroupsConcerned() async throws {
    let world = try await World.shared
    let postgres = try await PostgresServer.start(
      in: world.folder, settings: ["max_connections": "30", "shared_preload_libraries": "pg_stat_statements"],
      durable: false)
    var settings = GroupReferenceFaultTests.settings()
    // The second look at all groups is not to come meanwhile.
    settings.directory = "timeout: 5m"
    let site = try await world.site(settings, on: postgres)
    // A group for each person, of which every tenth has an owner.
    try await site.sql(
      """
      CREATE EXTENSION pg_stat_statements;
      INSERT INTO users (id, username, full_name, status)
      SELECT n, 'u' || n, 'Full U' || n, 'active' FROM generate_series(1, \(Self.groups)) n;
      INSERT INTO user_roles SELECT n, 'g' || n FROM generate_series(1, \(Self.groups)) n;
      INSERT INTO teams SELECT 'g' || n, n FROM generate_series(10, \(Self.groups), 10) n
      """)
    try await site.sync()
    try await site.withDaemon { running in
      let daemon = running.daemon
      func quiet() async throws {
        try await eventually("it is settled") {
          try await Reactor.run { daemon.engine.dispatcher.queue.backlog == 0 && !daemon.engine.reconciles.isUnderWay }
        }
        try await Reactor.run { await daemon.engine.groupReferences?.settle() }
      }
      func evaluated(_ what: String, _ sql: String, done: @escaping () async throws -> Bool) async throws -> Int {
        try await quiet()
        try await site.sql("SELECT pg_stat_statements_reset()")
        try await site.sql(sql)
        try await eventually("\(what)") { try await done() }
        try await quiet()
        let rows = "SELECT coalesce(sum(rows), 0) FROM pg_stat_statements WHERE query LIKE '%AS rollcall_given (%'"
        return Int(try await site.sql(rows)) ?? -1
      }
      func mails(_ mail: String) async throws -> Int {
        try await site.entries(["mail"]).values.count { $0["mail"].first?.text == mail }
      }
      for key in 11...15 {
        let rows = try await evaluated("another address", "UPDATE users SET email = 'n\(key)' WHERE id = \(key)") {
          try await mails("n\(key)") == 1
        }
        #expect(rows == 0, "nobody refers to \(key)")
      }
      let everybody = try await evaluated("others' addresses", "UPDATE users SET email = 'a' WHERE id > 100") {
        try await mails("a") == Self.groups - 100
      }
      #expect((1...20).contains(everybody), "ten of them own a group: \(everybody) rows")
      let renamed = try await evaluated("another name", "UPDATE users SET username = 'owner' WHERE id = 20") {
        try await GroupReferenceFaultTests.owners(site).contains("g20>owner")
      }
      #expect((1...2).contains(renamed), "\(renamed) rows")
      // Only the statement tells what a row of another table says.
      let all = try await evaluated("another owner", "INSERT INTO teams VALUES ('g11', 20)") {
        try await GroupReferenceFaultTests.owners(site).contains("g11>owner")
      }
      #expect((Self.groups...2 * Self.groups).contains(all), "\(all) rows")
      // A group that is new, and one that is made anew.
      let new = try await evaluated(
        "a new group", "INSERT INTO teams VALUES ('new', 20); INSERT INTO user_roles VALUES (1, 'new')"
      ) {
        try await GroupReferenceFaultTests.owners(site).contains("new>owner")
      }
      #expect(new <= 2 * Self.groups, "\(new) rows")
      let anew = try await evaluated(
        "made anew", "DELETE FROM user_roles WHERE role = 'new'; INSERT INTO user_roles VALUES (2, 'new')"
      ) {
        let members = try await site.members("new")
        let owners = try await GroupReferenceFaultTests.owners(site)
        return members == ["u2"] && owners.contains("new>owner")
      }
      #expect(anew <= 4, "\(anew) rows")
    }
    try await site.expectInStep()
    await site.postgres.stop()
  }
}
