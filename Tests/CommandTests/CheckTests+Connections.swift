import Sandbox
import Testing

/// What `check` says of servers that cannot be reached, or do not let it in.
extension CheckTests {
  @Test func serversThatAreAway() async throws {
    let site = try await installed()
    let port = try FreePort.next()
    try await find(
      "source.connection: PostgreSQL: connection to server at \"127.0.0.1\", port \(port) failed",
      try site.with("port=\(site.postgres.port)", "port=\(port)"))
    let url = "ldap://127.0.0.1:\(port)"
    try await find("error: \(url): connect \(url): connectError", site.with(site.directory.url, url))
    // One of several is no error while another works.
    try await find(
      "warning: \(url): connect \(url)",
      site.with("url: \(site.directory.url)", "url: [\(url), \(site.directory.url)]"), code: 0)
  }

  @Test func wrongPasswords() async throws {
    var site = try await installed()
    site.environment["DB_PASSWORD"] = "Not-The-Password"
    try await find("source.connection: PostgreSQL: connection to server at \"127.0.0.1\"", site)
    try await find(
      "password authentication failed for user \"\(site.role)\" (SQLSTATE 28P01); correct source.connection",
      site)
    site.environment["LDAP_PASSWORD"] = "Not-This-Either"
    try await find("invalidCredentials (49): check the bind DN and its password", site)
    let ran = try await site.rollcall("check")
    #expect(!ran.words.contains("Not-The-Password") && !ran.words.contains("Not-This-Either"))
  }
}
