import LDAPModel
import RollcallEngine
import Sandbox
import Testing

@testable import RollcallLedger

/// G7: a row whose mapping does to its session what it likes is alone with that.
@Suite struct PoisonousRowTests {
  /// A site in which the description of whoever has the mail address `bad` comes from this statement.
  private func site(_ statement: String) async throws -> Site {
    var settings = SiteSettings()
    settings.attributes += "\n    description: title(email)"
    settings.schema =
      SQLScripts.example + """

        CREATE FUNCTION title(value text) RETURNS text LANGUAGE plpgsql AS $title$
        BEGIN
          IF value = 'bad' THEN \(statement); END IF;
          RETURN value;
        END $title$;
        """
    return try await World.shared.site(settings)
  }

  /// Row 7 of sixty goes bad, among others and then by itself; the others are changed, and it is set aside.
  private func goesBad(_ statement: String, words: String) async throws {
    let site = try await site(statement)
    try await site.insert((1...60).map { "u\($0)" })
    try await site.withDaemon { _ in
      try await eventually("all are there") { try await site.names().count == 60 }
      // The log says when the directory pauses.
      let since = try await site.sql("SELECT since FROM rollcall.directory")
      try await site.sql("UPDATE users SET email = CASE id WHEN 7 THEN 'bad' ELSE 'new' END")
      try await eventually(within: .seconds(60), "\(words): the others are changed") {
        try await site.entries(["mail"]).values.filter { $0["mail"] == ["new"] }.count == 59
      }
      try await eventually(within: .seconds(60), "\(words): it is parked") { try await site.parked() == ["7|mapping"] }
      #expect(try await site.sql("SELECT message FROM rollcall.parked").contains(words))
      // Neither is it when it comes again, alone and beside somebody else.
      for number in 1...3 {
        try await site.sql(
          "UPDATE users SET full_name = 'N \(number)' WHERE id = 7; UPDATE users SET email = 'e\(number)' WHERE id = 8")
        try await eventually(within: .seconds(60), "\(words): \(number) is there") {
          try await site.value("mail", of: "8") == "e\(number)"
        }
      }
      #expect(try await site.parked() == ["7|mapping"])
      #expect(try await site.sql("SELECT state, since FROM rollcall.directory") == "connected|\(since)")
      try await site.sql("UPDATE users SET email = 'good' WHERE id = 7")
      try await eventually(within: .seconds(60), "it is released") { try await site.value("mail", of: "7") == "good" }
    }
    try await site.expectInStep()
  }

  @Test(
    "G7: a row that raises the state of a lost connection, a conflict or a shortage is set aside alone",
    arguments: ["57P01", "08006", "40001", "25001", "53200", "42501", "XX000"])
  func states(_ state: String) async throws {
    try await goesBad("RAISE SQLSTATE '\(state)' USING MESSAGE = 'no title'", words: "SQLSTATE \(state)")
  }

  @Test("G7: a row that ends its own session is set aside alone")
  func theSessionEnds() async throws {
    try await goesBad("PERFORM pg_terminate_backend(pg_backend_pid())", words: "SQLSTATE 57P01")
  }

  @Test("G7: a row that goes on although it was cancelled is set aside alone, and its session ends")
  func cancelledInVain() async throws {
    try await goesBad(
      """
      LOOP
        BEGIN
          PERFORM pg_sleep(60);
        EXCEPTION WHEN query_canceled THEN
          NULL;
        END;
      END LOOP
      """, words: "SQLSTATE 57014")
  }

  @Test("a session that somebody ends by hand costs nobody an attempt")
  func sessionsEndByHand() async throws {
    let site = try await site("NULL")
    try await site.insert((1...40).map { "u\($0)" })
    try await site.withDaemon { _ in
      try await eventually("all are there") { try await site.names().count == 40 }
      for number in 1...10 {
        try await site.sql(
          """
          UPDATE users SET email = 'e\(number)';
          SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'rollcall \(site.name) roster'
          """)
        try await eventually("all are changed") {
          try await site.entries(["mail"]).values.allSatisfy { $0["mail"].first?.text == "e\(number)" }
        }
        #expect(try await site.parked().isEmpty)
      }
    }
    try await site.expectInStep()
  }
}
