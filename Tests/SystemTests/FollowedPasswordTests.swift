import Foundation
import LDAPModel
import RollcallCore
import RollcallEngine
import Sandbox
import Testing

@testable import RollcallAdministration

/// Passwords that follow the table: known by digests in the ledger, never read back.
@Suite struct FollowedPasswordTests {
  private func site() async throws -> Site {
    var settings = SiteSettings()
    settings.schema += "ALTER TABLE users ADD pw text;"
    settings.users += "\n  password: { sql: pw, follow: true }"
    let site = try await World.shared.site(settings)
    try await site.sql(
      """
      INSERT INTO users VALUES (1, 'ann', 'x', 'Ann', 'active', now(), 'hunter-one'),
        (2, 'ben', 'x', 'Ben', 'active', now(), 'hunter-two'), (3, 'cid', 'x', 'Cid', 'active', now(), NULL)
      """)
    return site
  }

  private func writeByHand(_ password: String, _ site: Site) async throws {
    try await site.directory.modify(
      "dn: uid=ann,\(site.base)\nchangetype: modify\nreplace: userPassword\nuserPassword: \(password)\n")
  }

  @Test func aDaemonWritesItWhenTheTableChanges() async throws {
    let site = try await site()
    try await site.sync()
    try await site.withDaemon { _ in
      try await site.sql("UPDATE users SET pw = 'hunter-new' WHERE id = 1")
      try await eventually("the new password") { try await site.canBind("ann", "hunter-new") }
    }
    #expect(try await !site.canBind("ann", "hunter-one"))
    // What she sets herself stays until the table has another one.
    try await writeByHand("my own", site)
    try await site.sql("UPDATE users SET full_name = 'Ann Other' WHERE id = 1")
    #expect(try await site.sync(full: true).applied == 1)
    #expect(try await site.canBind("ann", "my own"))
    try await site.expectInStep()
    try await site.sql("UPDATE users SET pw = 'hunter-last' WHERE id = 1")
    try await site.sync()
    #expect(try await site.canBind("ann", "hunter-last"))
    // Deleted with the entry.
    #expect(try await site.sql("SELECT string_agg(key, ' ' ORDER BY key) FROM rollcall.password") == "1 2")
    try await site.sql("DELETE FROM users WHERE id = 1")
    try await site.sync()
    #expect(try await site.sql("SELECT string_agg(key, ' ') FROM rollcall.password") == "2")
  }

  /// Nobody knows what the directory has, so the table's is written: after a restore of the database, where the record
  /// was lost, and where `follow` is new to people who are there.
  @Test func whoHasNoDigestGetsThePasswordOnceMore() async throws {
    let site = try await site()
    try await site.sync()
    try await site.expectInStep()
    try await writeByHand("my own", site)
    try await site.sql("DELETE FROM rollcall.password")
    let planned = try await site.plan().plan.sequences.flatMap(\.steps)
    #expect(planned.map(\.what) == [.password, .password])
    #expect(planned.map { LDIF.change($0.operation) }.joined().contains("userPassword: ***"))
    #expect(try await site.sync(full: true).applied == 2)
    #expect(try await site.canBind("ann", "hunter-one"))
    #expect(try await site.sync(full: true).applied == 0)

    try await writeByHand("my own", site)
    try await site.sql("UPDATE rollcall.directory SET timeline = 'another'")
    #expect(try await site.sync().applied == 2)
    #expect(try await site.canBind("ann", "hunter-one"))
    try await site.expectInStep()
  }

  /// The server may have carried it out or not: only a confirmed one counts as written.
  @Test("G4: a password whose digest was not stored is written again") func crashBeforeTheDigest() async throws {
    let site = try await site()
    try await site.sync()
    try await site.sql(
      """
      UPDATE users SET pw = 'hunter-new' WHERE id = 1;
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''no''; END';
      CREATE TRIGGER refuse BEFORE INSERT ON rollcall.password FOR EACH ROW EXECUTE FUNCTION refuse()
      """)
    _ = try? await site.sync()
    #expect(try await site.canBind("ann", "hunter-new"))
    #expect(try await site.sql("SELECT string_agg(key, ' ') FROM rollcall.password") == "2")
    // The table goes back to what was recorded before: the directory has the other one.
    try await site.sql("DROP TRIGGER refuse ON rollcall.password; UPDATE users SET pw = 'hunter-one' WHERE id = 1")
    try await site.sync()
    #expect(try await site.canBind("ann", "hunter-one"))
    try await site.expectInStep()
  }

  @Test("G11: neither the schema nor an answer holds it") func nothingHoldsIt() async throws {
    let site = try await site()
    try await site.sync()
    // Too long for any server: parked with its message.
    try await site.sql("UPDATE users SET pw = 'hunter-new-' || id, email = 'ü' WHERE id < 3")
    try await site.sync()
    #expect(try await site.parked() == ["1|schema", "2|schema"])
    #expect(try await site.canBind("ann", "hunter-new-1"), "the other attributes are written")
    let tables = try await site.sql(
      "SELECT string_agg(format('SELECT %L, t::text FROM %s AS t', oid::regclass, oid::regclass), ' UNION ALL ') "
        + "FROM pg_class WHERE relnamespace = 'rollcall'::regnamespace AND relkind IN ('r', 'v')")
    let everything = try await site.sql(tables)
    #expect(everything.contains("userPassword"), "the journal names the attribute")
    #expect(!everything.contains("hunter"))
    let keys = try await site.sql("SELECT key FROM rollcall.password_key")
    #expect(keys.count > 100)
    // Whoever may read status and journal reads neither digests nor their key.
    #expect(
      try await site.sql(
        """
        SELECT has_table_privilege('rollcall_auditor', 'rollcall.password', 'SELECT')
          OR has_table_privilege('rollcall_auditor', 'rollcall.password_key', 'SELECT')
        """) == "f")
  }
}
