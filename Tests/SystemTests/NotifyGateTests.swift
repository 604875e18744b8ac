import LDAPModel
import RollcallEngine
import Sandbox
import Testing

/// Writers are spared notifications in a storm, and no change is overlooked for that (G2). The sweep that would find
/// everything in the end is far away in these tests.
@Suite struct NotifyGateTests {
  private func site() async throws -> Site {
    var settings = SiteSettings()
    settings.more = "removals: { most: 100% }\nsweep: { every: 10m }"
    return try await World.shared.site(settings)
  }

  private func bell(_ site: Site) async throws -> String {
    try await site.sql("SELECT armed AND until > now() FROM rollcall.bell")
  }

  @Test func whoSawItSilentAndCommitsLateIsFound() async throws {
    let site = try await site()
    try await site.insert(["ann"])
    try await site.withDaemon { _ in
      try await eventually("ann is there") { try await site.names() == ["ann"] }
    }
    // As a daemon leaves it that was killed.
    try await site.sql("INSERT INTO rollcall.bell VALUES ('\(site.name)', true, now())")
    #expect(try await bell(site) == "f")
    let late = try await site.session()
    try await late.run("BEGIN; INSERT INTO users VALUES (2, 'ben', 'x', 'Full Ben', 'active', now())")
    try await site.withDaemon { _ in
      try await eventually("the bell is armed") { try await bell(site) == "t" }
      try await late.run("COMMIT")
      try await eventually("ben is there") { try await site.names() == ["ann", "ben"] }
    }
  }

  @Test func afterACleanEndWhoeverListensHears() async throws {
    let site = try await site()
    let write = "LISTEN rollcall; INSERT INTO users VALUES (1, 'ann', 'x', 'Full Ann', 'active', now()); SELECT 1"
    try await site.withDaemon { _ in
      try await eventually("the bell is armed") { try await bell(site) == "t" }
    }
    #expect(try await site.sql(write).contains("\"keys\":[\"1\"]"))
  }

  @Test func aStormIsSilentAndNothingOfItIsLost() async throws {
    let site = try await site()
    let people = 40
    try await site.insert((1...people).map { "user\($0)" })
    try await site.withDaemon { _ in
      try await eventually("all are there") { try await site.names().count == people }
      let storm = Task { [site] in
        try await withThrowingTaskGroup(of: Void.self) { group in
          for writer in 0..<4 {
            group.addTask {
              let session = try await site.session()
              // Bursts and pauses, so that the bell is armed and silenced over and over under writers' hands.
              try await session.run(
                """
                DO $$ BEGIN
                  FOR i IN 1..1500 LOOP
                    UPDATE users SET email = 'w' || i WHERE id = 1 + (i + \(writer * 10)) % \(people);
                    COMMIT;
                    IF i % 300 = 0 THEN PERFORM pg_sleep(0.25 + random() / 10); END IF;
                  END LOOP;
                END $$
                """)
            }
          }
          try await group.waitForAll()
        }
      }
      try await eventually("the bell is silent", poll: .milliseconds(2)) {
        try await bell(site) == "f"
      }
      try await storm.value
      let wanted = try await site.sql("SELECT string_agg(email, ' ' ORDER BY id) FROM users")
      try await eventually("the directory has the last values") {
        let found = try await site.entries(["mail", "employeeNumber"]).values
          .sorted { (Int($0["employeeNumber"][0].text ?? "") ?? 0) < (Int($1["employeeNumber"][0].text ?? "") ?? 0) }
          .map { $0["mail"].first?.text ?? "" }
        return found.joined(separator: " ") == wanted
      }
      try await eventually("the bell is armed again") { try await bell(site) == "t" }
      try await site.sql("UPDATE users SET email = 'last' WHERE id = 1")
      try await eventually("a single write arrives") { try await site.value("mail", of: "1") == "last" }
    }
    try await site.expectInStep()
  }
}
