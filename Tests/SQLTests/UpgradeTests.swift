import Testing

/// What version 1 has written is there after the upgrade.
@Suite struct UpgradeTests {
  /// A database of version 1 with some rows, upgraded.
  private func upgraded(_ rows: String) async throws -> Database {
    let database = try await Database.make(installed: false)
    try await database.script("../Tests/Schemas/version-1.sql")
    try await database.sql(rows)
    try await database.install()
    return database
  }

  @Test func whatIsHeldIsKnownByActionAndSubject() async throws {
    let database = try await upgraded(
      """
      INSERT INTO rollcall.held (directory, key, action, dn, since, approved)
      VALUES ('main', '7', 'delete', 'uid=a', '2026-01-01Z', true), ('main', '8', 'disable', 'uid=b', now(), false);
      INSERT INTO rollcall.directory (name, fingerprint, watermark, last_reconcile)
      VALUES ('well', 'f1', '700:700:', now()), ('cut', 'f2', NULL, now())
      """)
    #expect(
      try await database.sql(
        "SELECT subject, action, dn, extract(year FROM since), approved FROM rollcall.held ORDER BY subject")
        == "7|delete|uid=a|2026|t\n8|disable|uid=b|2026|f")
    try await database.sql(
      "INSERT INTO rollcall.held (directory, subject, action, dn) VALUES ('main', '7', 'takeover', 'uid=a')")
    #expect(
      try await database.sql("SELECT name, compared FROM rollcall.directory ORDER BY name") == "cut|\nwell|f1",
      "whose comparison was under way is compared before anybody is removed")
    // Again, as an upgrade that was cut off is done again.
    try await database.install()
    #expect(try await database.sql("SELECT count(*) FROM rollcall.held") == "3")
  }

  @Test func whoMayParkMaySayWhatIsWrong() async throws {
    let role = "daemon_of_upgrade"
    let database = try await upgraded("CREATE ROLE \(role); GRANT INSERT ON rollcall.parked TO \(role)")
    #expect(
      try await database.sql(
        "SELECT has_table_privilege('\(role)', 'rollcall.problem', 'SELECT, INSERT, UPDATE, DELETE')") == "t")
  }
}
