import Testing

@testable import Sandbox

@Suite struct DirectoryServerTests {
  @Test func keepsItsDataOverEveryKindOfEnd() async throws {
    try await TemporaryFolder.with { folder in
      let server = try await DirectoryServer.start(in: folder)
      try await server.modify(person("ada", below: server.usersBase))
      let found = "dn: uid=ada,ou=users,dc=example,dc=com\ncn: ada\n\n"
      #expect(try await server.search(["-b", server.usersBase, "(uid=ada)", "cn"]) == found)
      try await server.restart()
      #expect(try await server.search(["-b", server.usersBase, "(uid=ada)", "cn"]) == found)
      try await server.kill()
      await #expect(throws: SandboxError.self) { try await server.search(base: server.suffix) }
      try await server.start()
      #expect(try await server.search(["-b", server.usersBase, "(uid=ada)", "cn"]) == found)
      let pid = try #require(await server.pid)
      try await server.freeze()
      #expect(ProcessTable.state(of: pid) == "T")
      async let answer = server.search(["-b", server.usersBase, "(uid=ada)", "cn"])
      await server.thaw()
      #expect(try await answer == found)
      await server.stop()
      #expect(await server.pid == nil)
      #expect(!ProcessTable.isAlive(pid))
    }
  }

  @Test func theAccountWritesBelowItsBasesAndNowhereElse() async throws {
    try await TemporaryFolder.with { folder in
      let server = try await DirectoryServer.start(in: folder, options: .fast())
      try await server.asAccount("ldapmodify", ["-a"], input: person("ada", below: server.usersBase))
      try await server.asAccount("ldapmodify", ["-a"], input: person("bob", below: server.groupsBase))
      try await server.asAccount(
        "ldapmodrdn", ["-r", "-s", server.usersBase, "uid=bob,\(server.groupsBase)", "uid=bobby"])
      try await server.asAccount("ldapdelete", ["uid=ada,\(server.usersBase)"])
      #expect(
        try await server.search(base: server.suffix, filter: "(uid=*)", attributes: ["uid"])
          == "dn: uid=bobby,ou=users,dc=example,dc=com\nuid: bobby\n\n")

      let refused = [
        ("ldapmodify", ["-a"], person("eve", below: server.suffix)),
        ("ldapmodify", [], "dn: \(server.usersBase)\nchangetype: modify\nadd: description\ndescription: x\n"),
        ("ldapdelete", [server.groupsBase], ""),
        (
          "ldapmodify", [],
          "dn: \(server.accountDN)\nchangetype: modify\nreplace: userPassword\nuserPassword: x\n"
        ),
      ]
      for (program, arguments, input) in refused {
        let error = await #expect(throws: SandboxError.self) {
          try await server.asAccount(program, arguments, input: input)
        }
        #expect(error?.description.contains("Insufficient access (50)") == true)
      }
    }
  }

  @Test func speaksTLSUnderItsOwnAuthority() async throws {
    try await TemporaryFolder.with { folder in
      let authority = try await TestAuthority.make(in: folder)
      let stranger = try await TestAuthority.make(in: folder)
      let server = try await DirectoryServer.start(in: folder, options: .fast { $0.tls = authority })
      for url in [try #require(server.secureURL), server.url] {
        let words = ["-x", "-H", url] + (url.hasPrefix("ldaps") ? [] : ["-ZZ"])
        let trusting = Command("ldapwhoami", words + ["-o", "TLS_CACERT=\(authority.certificate)"])
        #expect(try await trusting.run() == "anonymous\n")
        let mistrusting = Command("ldapwhoami", words + ["-o", "TLS_CACERT=\(stranger.certificate)"])
        await #expect(throws: SandboxError.self) { try await mistrusting.run() }
      }
    }
  }

  @Test func limitsTheAccountAndNotTheAdministrator() async throws {
    try await TemporaryFolder.with { folder in
      let server = try await DirectoryServer.start(in: folder, options: .fast { $0.sizeLimit = 2 })
      let error = await #expect(throws: SandboxError.self) {
        try await server.asAccount("ldapsearch", ["-LLL", "-b", server.suffix])
      }
      #expect(error?.description.contains("Size limit exceeded (4)") == true)
      #expect(try await server.search(base: server.suffix, attributes: ["1.1"]).count(of: "dn:") == 4)
    }
  }

  @Test func itsOverlaysWork() async throws {
    try await TemporaryFolder.with { folder in
      let server = try await DirectoryServer.start(
        in: folder,
        options: .fast {
          $0.ppolicy = true
          $0.refint = true
          $0.memberof = true
          $0.entries = self.person("ada", below: "ou=users,dc=example,dc=com") + "userPassword: secret\n"
        })
      let ada = "uid=ada,\(server.usersBase)"
      try await server.modify(
        "dn: cn=staff,\(server.groupsBase)\nobjectClass: groupOfNames\ncn: staff\nmember: \(ada)\n")
      #expect(
        try await server.search(base: ada, attributes: ["memberOf"])
          == "dn: \(ada)\nmemberOf: cn=staff,\(server.groupsBase)\n\n")

      let bind = Command("ldapwhoami", ["-x", "-H", server.url, "-D", ada, "-w", "secret"])
      #expect(try await bind.run() == "dn:\(ada)\n")
      try await server.asAccount(
        "ldapmodify", [],
        input: "dn: \(ada)\nchangetype: modify\nadd: pwdAccountLockedTime\n"
          + "pwdAccountLockedTime: 000001010000Z\n")
      let error = await #expect(throws: SandboxError.self) { try await bind.run() }
      #expect(error?.description.contains("Invalid credentials (49)") == true)

      try await server.asAccount("ldapmodrdn", ["-r", ada, "uid=countess"])
      // refint mends references after it has answered.
      try await eventually("the group to follow") {
        try await server.search(base: "cn=staff,\(server.groupsBase)", attributes: ["member"])
      } is: {
        $0.contains("member: uid=countess,")
      }
    }
  }

  @Test func knowsTheUserOfItsSocket() async throws {
    try await TemporaryFolder.with { folder in
      let server = try await DirectoryServer.start(in: folder, options: .fast())
      let answer = try await Command("ldapwhoami", ["-Q", "-Y", "EXTERNAL", "-H", server.socketURL]).run()
      #expect(answer.contains("cn=peercred,cn=external,cn=auth"))
    }
  }

  @Test func saysWhyItDoesNotStart() async throws {
    try await TemporaryFolder.with { folder in
      let error = await #expect(throws: SandboxError.self) {
        try await DirectoryServer.start(in: folder, options: .fast { $0.globalLines = ["nonsense here"] })
      }
      #expect(error?.description.contains("nonsense") == true)
    }
  }

  private func person(_ name: String, below base: String) -> String {
    "dn: uid=\(name),\(base)\nobjectClass: inetOrgPerson\nuid: \(name)\ncn: \(name)\nsn: \(name)\n"
  }
}

extension OpenLDAPOptions {
  fileprivate static func fast(_ change: (inout OpenLDAPOptions) -> Void = { _ in }) -> OpenLDAPOptions {
    var options = OpenLDAPOptions()
    options.durable = false
    change(&options)
    return options
  }
}

extension String {
  fileprivate func count(of part: String) -> Int { ranges(of: part).count }
}
