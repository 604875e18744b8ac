import Sandbox
import Testing

@testable import RollcallConfiguration
@testable import RollcallEngine

/// The statements by which dates are noticed, asked directly.
@Suite struct DueQueryTests {
  /// A table with a date, a local time and a moment a row; what is not given is NULL.
  private static let schema = """
    CREATE TABLE contracts (id text PRIMARY KEY, day date, local timestamp, moment timestamptz);
    CREATE INDEX ON contracts (day); CREATE INDEX ON contracts (local); CREATE INDEX ON contracts (moment);
    """
  private static let day = DueQuery.Part(sql: "day", kind: .date)
  private static let dayAfter = DueQuery.Part(sql: "day", days: 1, kind: .date)
  private static let local = DueQuery.Part(sql: "local", kind: .timestamp)
  private static let moment = DueQuery.Part(sql: "moment", kind: .timestamptz)

  private func site(_ rows: String) async throws -> Site {
    var settings = SiteSettings()
    settings.schema += Self.schema
    let site = try await World.shared.site(settings)
    try await site.sql("INSERT INTO contracts VALUES \(rows)")
    return site
  }

  private func statement(
    _ parts: [DueQuery.Part], _ site: Site, _ from: String, _ to: String, after key: String? = nil
  ) -> String {
    var configuration = site.configuration
    configuration.source.relation = .table(QualifiedName(schema: "public", name: "contracts"))
    let query = DueQuery(parts, RosterQuery(configuration))
    return query.look.replacing("$1", with: "'\(from)'").replacing("$2", with: "'\(to)'")
      .replacing("$3", with: key.map { "'\($0)'" } ?? "NULL")
  }

  /// The keys, then the next instant.
  private func look(
    _ parts: [DueQuery.Part], _ site: Site, _ zone: String, _ from: String, _ to: String, after key: String? = nil
  ) async throws -> String {
    try await site.sql(
      """
      SET TimeZone = '\(zone)';
      SELECT coalesce(string_agg(key, ' ' ORDER BY key), ''),
        coalesce(max(to_char(to_timestamp(next) AT TIME ZONE 'UTC', 'MM-DD HH24:MI')), 'never')
      FROM (\(statement(parts, site, from, to, after: key))) AS found (key, next)
      """)
  }

  @Test("a date begins at midnight of the time zone, NULL and infinity never")
  func dates() async throws {
    let site = try await site(
      """
      ('a', '2026-06-01'), ('b', '2026-06-02'), ('n', NULL), ('i', 'infinity'), ('m', '-infinity'), ('z', '9999-12-31'),
      ('y', '500000-01-01')
      """)
    let (may, june) = ("2026-05-31 21:59:59+00", "2026-05-31 22:00:00+00")
    #expect(try await look([Self.day], site, "Europe/Berlin", "2026-05-01 00:00+00", may) == "|05-31 22:00")
    #expect(try await look([Self.day], site, "Europe/Berlin", may, june) == "a|06-01 22:00")
    #expect(try await look([Self.day], site, "Europe/Berlin", june, june) == "|06-01 22:00")
    #expect(try await look([Self.day], site, "UTC", may, june) == "|06-01 00:00")
    #expect(try await look([Self.day], site, "America/New_York", june, "2026-06-01 04:00+00") == "a|06-02 04:00")
    #expect(try await look([Self.dayAfter], site, "Europe/Berlin", june, "2026-06-01 22:00+00") == "a|06-02 22:00")
    #expect(try await look([Self.day], site, "UTC", "2026-05-01 00:00+00", "2027-01-01 00:00+00") == "a b|never")
    // Pages go on after a key.
    #expect(
      try await look([Self.day], site, "UTC", "2026-05-01 00:00+00", "2027-01-01 00:00+00", after: "a") == "b|never")
  }

  @Test("times: a local one that clocks put forward leave out, or put back repeat, is found at its moment")
  func times() async throws {
    let site = try await site(
      """
      ('gap', NULL, '2026-03-29 02:30', NULL), ('twice', NULL, '2026-10-25 02:30', NULL),
      ('moment', NULL, NULL, '2026-03-29 12:00+02'), ('never', NULL, 'infinity', 'infinity')
      """)
    let both = [Self.local, Self.moment]
    // Clocks go from 2 to 3 at 01:00 UTC: PostgreSQL reads 02:30 as 03:30, which is 01:30 UTC.
    #expect(
      try await look(both, site, "Europe/Berlin", "2026-03-29 00:50+00", "2026-03-29 01:10+00") == "|03-29 01:30")
    #expect(
      try await look(both, site, "Europe/Berlin", "2026-03-29 01:10+00", "2026-03-29 01:31+00") == "gap|03-29 10:00")
    #expect(
      try await look(both, site, "Europe/Berlin", "2026-03-29 01:31+00", "2026-03-29 10:00+00") == "moment|10-25 01:30")
    // Back from 3 to 2 at 01:00 UTC: it is the second one.
    #expect(
      try await look(both, site, "Europe/Berlin", "2026-10-25 00:20+00", "2026-10-25 00:40+00") == "|10-25 01:30")
    #expect(
      try await look(both, site, "Europe/Berlin", "2026-10-25 00:40+00", "2026-10-25 01:40+00") == "twice|never")
  }

  @Test("one range of a plain index serves each expression")
  func indexes() async throws {
    let site = try await site("('a', '2026-06-01')")
    try await site.sql(
      """
      INSERT INTO contracts SELECT 'k' || n, date '2020-01-01' + n % 5000, timestamp '2020-01-01' + n * interval '1 hour',
        timestamptz '2020-01-01Z' + n * interval '1 hour' FROM generate_series(1, 20000) n; ANALYZE contracts
      """)
    for part in [Self.day, Self.dayAfter, Self.local, Self.moment] {
      let plan = try await site.sql(
        "EXPLAIN (COSTS off) \(statement([part], site, "2021-06-01 00:00+00", "2021-06-01 00:01+00"))")
      #expect(!plan.contains("Seq Scan"), "\(plan)")
      #expect(plan.matches(of: #/Index Cond/#).count == 2, "\(plan)")
    }
  }

  @Test(
    "a column plus days is served by the column's index, anything else as it stands",
    arguments: [
      ("valid_until + 1", "valid_until", 1), (" \"Last Day\"  - 7 ", "\"Last Day\"", -7),
      ("roster.valid_until+30", "roster.valid_until", 30),
    ])
  func sums(_ sql: String, _ column: String, _ days: Int) {
    #expect(DaySum(sql)?.column == column)
    #expect(DaySum(sql)?.days == days)
  }

  @Test(arguments: ["valid_until", "valid_until + days", "1 + valid_until", "f(a) + 1", "a + 1 + 1", "a + 1 -- b", ""])
  func noSums(_ sql: String) { #expect(DaySum(sql) == nil) }
}
