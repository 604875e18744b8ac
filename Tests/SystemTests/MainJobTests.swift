import LDAPModel
import RollcallEngine
import Sandbox
import Testing

/// Every kind of HR write is in the directory, by notification.
@Suite struct MainJobTests {
  @Test func oneRowThroughTheWholeHouse() async throws {
    let site = try await World.shared.site()
    try await site.withDaemon { _ in
      try await site.sql(
        "INSERT INTO users VALUES (1, 'ada', 'ada@example.com', 'Ada Lovelace', 'active', now())")
      try await eventually("ada is there") { try await site.names() == ["ada"] }
      let entry = try #require(try await site.entries().values.first)
      #expect(
        entry["sn"] == ["Lovelace"] && entry["mail"] == ["ada@example.com"]
          && entry["employeeNumber"] == ["1"])

      try await site.sql("UPDATE users SET email = 'a@example.com' WHERE id = 1")
      try await eventually("the mail is changed") { try await site.value("mail", of: "1") == "a@example.com" }

      try await site.sql("UPDATE users SET username = 'countess', full_name = 'Ada King' WHERE id = 1")
      try await eventually("she is renamed") { try await site.names() == ["countess"] }
      #expect(try await site.value("sn", of: "1") == "King")

      try await site.sql("UPDATE users SET status = 'left' WHERE id = 1")
      try await eventually("she is disabled") { try await site.value("employeeType", of: "1") == "disabled" }
      try await site.sql("UPDATE users SET status = 'active' WHERE id = 1")
      try await eventually("she is enabled") { try await site.value("employeeType", of: "1") == nil }

      try await site.sql("DELETE FROM users WHERE id = 1")
      try await eventually("she is gone") { try await site.names().isEmpty }
    }
    try await site.expectInStep()
  }
}
