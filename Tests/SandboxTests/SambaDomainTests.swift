import Glibc
import Testing

@testable import Sandbox

@Suite struct SambaDomainTests {
  @Test func isADomainInItsFolderAlone() async throws {
    let before = places()
    try await TemporaryFolder.with { folder in
      let authority = try await TestAuthority.make(in: folder)
      let server = try await SambaDomain.start(in: folder, tls: authority)
      let ada = "cn=Ada,\(server.usersBase)"
      try await server.asAccount(
        "ldapmodify", ["-a"],
        input: "dn: \(ada)\nobjectClass: user\nsAMAccountName: ada\nemployeeNumber: 17\n")
      let found = "dn: CN=Ada,OU=users,DC=example,DC=com\ncn: Ada\n\n"
      #expect(try await server.search(["-b", server.usersBase, "(employeeNumber=17)", "cn"]) == found)

      try await server.restart()
      try await server.kill()
      await #expect(throws: SandboxError.self) { try await server.search(base: server.suffix) }
      try await server.start()
      try await server.freeze()
      async let answer = server.search(["-b", server.usersBase, "(employeeNumber=17)", "cn"])
      await server.thaw()
      #expect(try await answer == found)

      try await server.asAccount("ldapdelete", [ada])
      let refused = [
        ("ldapmodify", ["-a"], "dn: cn=Eve,\(server.suffix)\nobjectClass: container\n"),
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
  }

  @Test func saysWhatStandsInItsWay() throws {
    let port = try FreePort.next()
    let socket = try LoopbackSocket()
    defer { socket.close() }
    try socket.bind(to: port, of: "0.0.0.0")
    #expect(listen(socket.descriptor, 1) == 0)
    let error = #expect(throws: SandboxError.self) {
      try LoopbackAddress.next(withFree: [port], for: "Samba")
    }
    #expect(error?.description.contains("something listens on port \(port) of every address") == true)
  }

  /// Where an installed Samba keeps its own.
  private func places() -> [String] {
    ["/run/samba", "/var/lib/samba", "/var/lib/samba/private", "/var/cache/samba", "/var/log/samba"].flatMap {
      folder in Files.names(in: folder).map { "\(folder)/\($0)" }
    }.sorted()
  }
}
