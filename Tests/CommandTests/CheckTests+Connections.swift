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

  @Test("G15: check warns of a database host that proves nothing, and not where one does")
  func aHostWithoutAProof() async throws {
    let site = try await installed()
    let hosts = "host=127.0.0.1,db.example.invalid"
    let warning = "the identity of db.example.invalid is not verified"
    let site2 = try site.with("host=127.0.0.1", hosts)
    try await find(warning, site2, code: 0)
    try await find("; add sslmode=verify-full (with sslrootcert), or channel_binding=require", site2, code: 0)
    #expect(try await !site.succeed("check").output.contains("is not verified"))
  }

  @Test func wrongPasswords() async throws {
    var site = try await installed()
    let none = try site.with(" password=${DB_PASSWORD}", "")
    try await find(
      "failed: fe_sendauth: no password supplied; set it in PGPASSWORD, ~/.pgpass or the connection", none)
    site.environment["DB_PASSWORD"] = "Not-The-Password"
    try await find("source.connection: PostgreSQL: connection to server at \"127.0.0.1\"", site)
    try await find(
      "password authentication failed for user \"\(site.role)\" (SQLSTATE 28P01); check the user and the password of the",
      site)
    site.environment["LDAP_PASSWORD"] = "Not-This-Either"
    try await find("invalidCredentials (49): check the bind DN and its password", site)
    let ran = try await site.rollcall("check")
    #expect(!ran.words.contains("Not-The-Password") && !ran.words.contains("Not-This-Either"))
  }

  /// What is to be done says the error itself; that the server runs is plain.
  @Test func anExpiredCertificate() async throws {
    let site = try await installed()
    let authority = try await TestAuthority.make(in: site.folder)
    var options = OpenLDAPOptions()
    options.durable = false
    options.tls = authority.presenting(
      try await authority.issue(
        name: "expired", subject: "/CN=localhost", alternativeNames: "IP:127.0.0.1", days: -1))
    let server = try await DirectoryServer.start(in: site.folder, options: options)
    let url = try #require(server.secureURL)
    let ran = try await site.with(
      "url: \(site.directory.url)", "url: \(url)\n  ca: \(authority.certificate)"
    ).rollcall("check")
    let lines = ran.output.split(separator: "\n").filter { $0.hasPrefix("error: \(url): ") }
    #expect(
      lines.count == 1 && lines[0].hasSuffix("the server's certificate is refused: it has expired"), "\(ran.output)")
    await server.stop()
  }

  @Test func secretsThatOthersMayRead() async throws {
    let site = try await installed()
    let secret = try site.folder.write(site.directory.accountPassword, to: "\(site.name).password")
    #expect(try await Rollcall.shell("chmod 644 \(secret)").code == 0)
    let open = try site.with("password: \"${LDAP_PASSWORD}\"", "password_file: \(secret)")
    try await find(
      "directory.bind.password_file: the password is not secret: everybody on this machine may read", open,
      code: 0)
    #expect(try await Rollcall.shell("chmod 640 \(secret)").code == 0)
    #expect(try await !open.succeed("check").output.contains("password_file"))
    // Nothing answers there, and nothing is sent.
    let remote = try open.with(site.directory.url, "ldap://192.0.2.1:9")
    try await find("directory.url: the password goes to \"ldap://192.0.2.1:9\" unencrypted; use ldaps://", remote)
  }
}
