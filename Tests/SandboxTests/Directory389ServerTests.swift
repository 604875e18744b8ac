import Testing

@testable import Sandbox

@Suite struct Directory389ServerTests {
  @Test func isADirectoryInItsFolderAlone() async throws {
    let before = places()
    var semaphore: String?
    try await TemporaryFolder.with { folder in
      let authority = try await TestAuthority.make(in: folder)
      var options = Directory389Options()
      options.durable = false
      options.tls = authority
      let server = try await Directory389Server.start(in: folder, options: options)
      semaphore = "/dev/shm/sem.rollcall-\(server.port).stats"
      let person = "dn: uid=ada,\(server.usersBase)\nobjectClass: inetOrgPerson\nuid: ada\ncn: ada\nsn: ada\n"
      try await server.asAccount("ldapmodify", ["-a"], input: person)
      let found = "dn: uid=ada,ou=users,dc=example,dc=com\ncn: ada\n\n"
      #expect(try await server.search(["-b", server.usersBase, "(uid=ada)", "cn"]) == found)

      try await server.restart()
      try await server.kill()
      await #expect(throws: SandboxError.self) { try await server.search(base: server.suffix) }
      try await server.start()
      #expect(try await server.search(["-b", server.usersBase, "(uid=ada)", "cn"]) == found)
      try await server.freeze()
      async let answer = server.search(["-b", server.usersBase, "(uid=ada)", "cn"])
      await server.thaw()
      #expect(try await answer == found)

      // The server's own lock, which is no user attribute.
      let lock =
        "dn: uid=ada,\(server.usersBase)\nchangetype: modify\nadd: nsAccountLock\nnsAccountLock: true\n"
      try await server.asAccount("ldapmodify", [], input: lock)
      let staff = "ou=staff,\(server.usersBase)"
      try await server.asAccount(
        "ldapmodify", ["-a"], input: "dn: \(staff)\nobjectClass: organizationalUnit\nou: staff\n")
      try await server.asAccount(
        "ldapmodrdn", ["-r", "-s", staff, "uid=ada,\(server.usersBase)", "uid=countess"])
      try await server.asAccount("ldapdelete", ["uid=countess,\(staff)"])

      let refused = [
        ("ldapmodify", ["-a"], person.replacing("ou=users,", with: "")),
        ("ldapmodify", [], "dn: \(server.usersBase)\nchangetype: modify\nadd: description\ndescription: x\n"),
        ("ldapdelete", [server.groupsBase], ""),
      ]
      for (program, arguments, input) in refused {
        let error = await #expect(throws: SandboxError.self) {
          try await server.asAccount(program, arguments, input: input)
        }
        #expect(error?.description.contains("(50)") == true)
      }
      #expect(try await server.admits(server.accountDN, password: server.accountPassword))
      #expect(try await !server.admits(server.accountDN, password: "guess"))
    }
    #expect(places() == before)
    #expect(semaphore.map(Files.exists) == false)
  }

  /// What an instance made by `dscreate` would leave.
  private func places() -> [String] {
    ["/etc/dirsrv", "/run/dirsrv", "/run/lock/dirsrv", "/var/lib/dirsrv", "/var/log/dirsrv"]
      .flatMap { folder in Files.names(in: folder).map { "\(folder)/\($0)" } }
      .filter { $0.contains("rollcall") || $0.contains("slapd") }.sorted()
  }
}
