import Sandbox
import Testing

@Suite struct DirectoryServerTests {
  @Test func answersAndKeepsItsDataOverEveryKindOfEnd() async throws {
    try await TemporaryFolder.with { folder in
      let server = try await DirectoryServer.start(in: folder)
      try await server.modify(
        """
        dn: uid=ada,ou=users,dc=example,dc=com
        objectClass: inetOrgPerson
        uid: ada
        cn: Ada
        sn: Ada
        """)
      let found = "dn: uid=ada,ou=users,dc=example,dc=com\ncn: Ada\n\n"
      #expect(try await server.search(["-b", server.usersBase, "(uid=ada)", "cn"]) == found)
      try await server.restart()
      #expect(try await server.search(["-b", server.usersBase, "(uid=ada)", "cn"]) == found)
      try await server.kill()
      await #expect(throws: SandboxError.self) { try await server.search(base: server.suffix) }
      try await server.start()
      #expect(try await server.search(["-b", server.usersBase, "(uid=ada)", "cn"]) == found)
    }
  }
}
