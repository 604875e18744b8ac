import RollcallEngine
import Sandbox
import Testing

/// A contract that begins and ends at its time, on each kind of server.
@Suite struct DueTests {
  @Test(arguments: Servers.kinds)
  func whoseContractEndsIsLockedOut(_ kind: DirectoryServerKind) async throws {
    var settings = SiteSettings()
    settings.schema += """

      ALTER TABLE users ADD valid_from timestamp NOT NULL DEFAULT '-infinity', ADD valid_until timestamp;
      """
    settings.source = [
      "where: valid_from <= localtimestamp", "due: [valid_from, valid_until]", "timezone: Asia/Kolkata",
    ]
    settings.active = "active: valid_until IS NULL OR localtimestamp < valid_until"
    try await Servers.withSite(kind, settings) { site in
      try await site.insert(["ann", "ben"])
      try await site.withDaemon {
        try await eventually("both can log in") {
          guard try await site.names().count == 2 else { return false }
          return try await [site.canLogIn(1), site.canLogIn(2)] == [true, true]
        }
        try await site.sql(
          """
          SET TimeZone = 'Asia/Kolkata'; UPDATE users SET valid_until = localtimestamp + interval '2 seconds' WHERE id = 1;
          INSERT INTO users (id, username, email, full_name, status, valid_from)
          VALUES (3, 'cid', 'cid@example.com', 'Full cid', 'active', localtimestamp + interval '2 seconds')
          """)
        try await eventually("she is locked out, and he has come") {
          guard try await site.names().count == 3 else { return false }
          return try await [site.canLogIn(1), site.canLogIn(2), site.canLogIn(3)] == [false, true, true]
        }
      }
      try await site.expectAtRest()
    }
  }
}
