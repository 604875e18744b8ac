import Sandbox
import Testing

/// What `check` finds about dates that take effect, and what the commands say of those to come.
extension CheckTests {
  private func dated() async throws -> Site {
    let site = try await installed()
    try await site.sql("ALTER TABLE users ADD valid_until date, ADD note text")
    return try site.with("active: status = 'active'", "active: valid_until IS NULL OR current_date <= valid_until")
  }

  @Test func datesThatNothingNames() async throws {
    let site = try await dated()
    try await find(
      "source.active: CURRENT_DATE changes its value although no row changes; name the dates that it is compared with in "
        + "source.due", site, code: 1)
    let named = try site.with("key: id", "key: id\n  due: [valid_until + 1]")
    try await named.install()
    let ran = try await named.succeed("check")
    #expect(!ran.output.contains("CURRENT_DATE") && !ran.output.contains("source.due"), "\(ran.output)")
  }

  @Test(arguments: [
    ("note", "source.due[0]: must be of type date, timestamp or timestamptz; cast it"),
    ("valid_untill", "source.due[0]: column \"valid_untill\" does not exist"),
    ("current_date + 1", "source.due[0]: CURRENT_DATE changes its value although no row changes, so this date never"),
  ])
  func datesThatAreNone(_ expression: String, _ words: String) async throws {
    let site = try await dated()
    try await find(words, site.with("key: id", "key: id\n  due: [\(expression)]"))
  }

  @Test func aTimeZoneThatIsNone() async throws {
    let site = try await installed().with("key: id", "key: id\n  timezone: Europe/Berlni")
    try await find("source.timezone: PostgreSQL knows no time zone \"Europe/Berlni\"", site)
    let ran = try await site.rollcall("run")
    #expect(ran.code == 1 && ran.words.contains("PostgreSQL knows no time zone"), "\(ran.words)")
  }

  @Test func aLargeTableWithoutAnIndex() async throws {
    let site = try await dated().with("key: id", "key: id\n  due: [valid_until + 1]")
    try await site.install()
    try await site.sql(
      """
      SET rollcall.notify = off; INSERT INTO users (id, username, valid_until) SELECT n, 'u' || n, date '2030-01-01' + n
      FROM generate_series(1, 15000) n; ANALYZE users
      """)
    let words = "source.due[0]: no index serves it, so that the table, with some "
    try await find(words, site, code: 0)
    try await site.sql("CREATE INDEX ON users (valid_until); ANALYZE users")
    let ran = try await site.succeed("check")
    #expect(!ran.output.contains(words), "\(ran.output)")
  }

  @Test("plan --until and explain say what is to come")
  func whatIsToCome() async throws {
    let site = try await dated().with("key: id", "key: id\n  due: [valid_until + 1]\n  timezone: America/New_York")
    try await site.install()
    try await site.hire(["ada", "ben"])
    try await site.sql("UPDATE users SET valid_until = '2090-05-31' WHERE username = 'ada'")
    try await site.succeed("sync")
    try await site.succeed("plan", "--until", "2090-05-31")
    let ran = try await site.rollcall("plan", "--until", "2090-06-01 01:00", "--json")
    #expect(ran.code == 2)
    #expect(
      ran.output.contains(#""due": [{"key": "1", "action": "look", "dn": null, "at": "2090-06-01T04:00:00.000Z"}]"#)
        || ran.output.contains("2090-06-01T04:00:00.000Z"), "\(ran.output)")
    let text = try await site.rollcall("plan", "--until", "2090-06-02")
    #expect(text.output.contains("# due 2090-06-01T04:00:00.000Z: key 1: a date of its row passes"), "\(text.output)")
    let wrong = try await site.rollcall("plan", "--until", "soon")
    #expect(wrong.code == 1 && wrong.words.contains("not a date"), "\(wrong.words)")
    let explained = try await site.succeed("explain", "1")
    #expect(explained.output.contains("a date of its row passes at 2090-06-01T04:00:00.000Z"), "\(explained.output)")
    let other = try await site.succeed("explain", "2")
    #expect(!other.output.contains("a date of its row"), "\(other.output)")
  }
}
