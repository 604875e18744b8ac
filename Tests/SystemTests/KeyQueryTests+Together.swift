import Reactor
import RollcallCore
import Sandbox
import Testing

@testable import RollcallEngine

/// Removals that one transaction causes in several ways.
extension KeyQueryTests {
  /// A hundred people more, who have no department. Fifty removals are within the budget.
  private func large(departments query: String = people) async throws -> Site {
    let site = try await site(departments: query) {
      $0.more = "removals: { most: 10%, least: 50 }\nsweep: { every: 1s }"
    }
    try await site.sql(
      """
      INSERT INTO users (id, username, full_name, status) SELECT n, 'u' || n, 'Full Name' || n, 'active'
      FROM generate_series(46, 145) AS n
      """)
    try await site.sync()
    #expect(try await site.names().count == 145)
    return site
  }

  /// Thirty-five rows go, and a department of forty people is closed.
  private static let both = """
    DELETE FROM users WHERE id BETWEEN 51 AND 85; UPDATE departments SET is_open = false WHERE id = 1;
    """

  @Test(
    "G8: a batch of people and a row that concerns others, of one transaction, are one batch, also where it is long",
    arguments: ["", "INSERT INTO departments SELECT n, 'D' FROM generate_series(1000, 2200) AS n;"])
  func together(_ more: String) async throws {
    let site = try await large()
    try await site.withDaemon { running in
      try await idle(running)
      try await site.sql("BEGIN; \(Self.both) \(more) COMMIT")
      try await eventually("all of them are held") { try await site.heldKeys().count == 75 }
      #expect(try await site.names().count == 145)
      // Who comes back does not take the others along.
      try await site.sql("UPDATE departments SET is_open = true WHERE id = 1")
      try await eventually("a part has come back") { try await site.heldKeys().count == 35 }
      try await pruned(site)
    }
  }

  @Test("G8: the removals of others wait for no query that fails, and are within its budget nevertheless")
  func apart() async throws {
    let site = try await large(departments: Self.people + " WHERE (SELECT count(*) FROM knobs) = 0")
    try await site.withDaemon { running in
      try await idle(running)
      try await site.sql("ALTER TABLE knobs RENAME TO handles")
      try await site.sql("BEGIN; \(Self.both) COMMIT")
      try await eventually("the others go") { try await site.names().count == 110 }
      #expect(try await site.heldKeys().isEmpty)
      try await site.sql("ALTER TABLE handles RENAME TO knobs")
      try await eventually("the rest is beyond the budget") { try await site.heldKeys().count == 40 }
      #expect(try await site.names().count == 110)
      try await pruned(site)
    }
  }
}
