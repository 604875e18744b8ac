import RollcallEngine
import Sandbox
import Testing

@testable import RollcallAdministration
@testable import RollcallLedger

/// Where transactions can be prepared, writers need not notify and nothing is lost or late for that.
@Suite(.serialized) struct TwoPhaseTests {
  private static let start = Task { try await FaultyWorld.start(settings: ["max_prepared_transactions": "20"]) }

  private func site(_ number: Int) async throws -> Site {
    var settings = SiteSettings()
    settings.more = "removals: { most: 100% }\nsweep: { every: 10m }"
    return try await TwoPhaseTests.start.value.site(settings, number: number)
  }

  @Test("G3: a prepared transaction is not lost") func aPreparedTransactionIsNotLost() async throws {
    let site = try await site(1)
    try await site.sql(
      """
      BEGIN; INSERT INTO users VALUES (1, 'two', 'x', 'Two Phase', 'active', now()); PREPARE TRANSACTION '\(site.name)';
      """)
    try await site.insert(["ann"], from: 2)
    try await site.sync()
    #expect(try await site.names() == ["ann"])
    try await site.sql("COMMIT PREPARED '\(site.name)'")
    try await site.sync()
    #expect(try await site.names() == ["ann", "two"])
    try await site.expectInStep()
  }

  /// The next sweep would be ten minutes later.
  @Test("G9: the log is polled, so that writers need not notify; status says so and is content")
  func silentWritersAreHeardAtOnce() async throws {
    let site = try await site(2)
    try await site.insert(["ann"])
    try await site.withDaemon { _ in
      try await eventually("ann is there") { try await site.names() == ["ann"] }
      for number in 2...6 {
        try await site.sql(
          "INSERT INTO users VALUES (\(number), 'u\(number)', 'x', 'Full', 'active', now())")
        try await eventually("u\(number) is there") { try await site.names().contains("u\(number)") }
      }
      try await site.sql(
        """
        BEGIN; UPDATE users SET email = 'late' WHERE id = 1; PREPARE TRANSACTION '\(site.name)';
        """)
      try await site.sql("COMMIT PREPARED '\(site.name)'")
      try await eventually("the prepared one is there") { try await site.value("mail", of: "1") == "late" }
      let report = try await site.report()
      #expect(report.isWell && report.problems.map(\.code) == [.twophase])
    }
    try await site.expectInStep()
  }
}
