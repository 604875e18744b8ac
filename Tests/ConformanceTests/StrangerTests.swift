import LDAPModel
import Reactor
import RollcallCore
import RollcallEngine
import Sandbox
import Testing

@testable import RollcallAdministration

/// G15: what Rollcall did not make waits, and what is protected is never touched, on every kind of server.
@Suite struct StrangerTests {
  @Test(arguments: Servers.kinds) func aLinkTypedByHand(_ kind: DirectoryServerKind) async throws {
    try await Servers.withSite(kind) { site in
      try await site.insert(["ann"])
      try await site.sync()
      try await site.addByHand("admin", key: 5)
      try await site.sql("INSERT INTO users VALUES (5, 'eve', 'eve@example.com', 'Eve', 'left', now())")
      #expect(try await site.sync().held == 1)
      #expect(try await site.sync(full: true).held == 1)
      #expect(try await site.held() == ["takeover|5"])
      #expect(try await site.names() == ["admin", "ann"])
      try await site.release("5")
      try await site.sync()
      #expect(try await site.held() == [])
      #expect(try await site.names() == ["ann", "eve"])
      try await site.expectAtRest()
    }
  }

  @Test(arguments: Servers.kinds) func aLinkOnSeveralEntries(_ kind: DirectoryServerKind) async throws {
    try await Servers.withSite(kind) { site in
      try await site.insert(["ann", "ben", "cid"])
      try await site.sync()
      for name in ["ben", "cid"] {
        try await site.server.modify(
          "dn: \(site.naming)=\(name),\(site.base)\nchangetype: modify\nreplace: employeeNumber\nemployeeNumber: 1\n")
      }
      try await site.sql("DELETE FROM users WHERE id = 1")
      try await site.sync(full: true)
      #expect(try await site.names() == ["ann", "ben", "cid"])
      #expect(try await site.parked().contains("1|duplicate-link"))
    }
  }

  /// Bound as somebody with no rights beyond reading, under every name that a server takes.
  @Test(arguments: Servers.kinds) func theOwnAccount(_ kind: DirectoryServerKind) async throws {
    try await Servers.withSite(kind) { site in
      try await site.insert(["ann"])
      try await site.sync()
      try await site.sql("UPDATE users SET username = 'anna'")
      let entry = try #require(try await site.entry(1))
      var names = [entry.dn.text]
      if kind == .activeDirectory {
        names += ["ann.\(site.name)@example.com", "EXAMPLE\\\\ann.\(site.name)"]
      }
      for name in names {
        let own = try site.changed(
          #"{ dn: "\#(site.server.accountDN)", password_file: "\#(site.server.accountPasswordFile)" }"#,
          to: #"{ dn: "\#(name)", password: First-Pw-1 }"#)
        let result = try await own.plan()
        #expect(result.plan.sequences.isEmpty, "\(name)")
        #expect(result.parked["1"]?.reason == .protected, "\(name)")
      }
    }
  }

  @Test("an entry of ours that has become an administrator's is only disabled, and that once it is released")
  func anAdministratorOfOurs() async throws {
    guard Servers.kinds.contains(.activeDirectory) else { return }
    try await Servers.withSite(.activeDirectory) { site in
      try await site.insert(["ann"])
      try await site.sync()
      try await site.server.modify(
        "dn: cn=ann,\(site.base)\nchangetype: modify\nreplace: adminCount\nadminCount: 1\n")
      try await site.sql("UPDATE users SET full_name = 'Other'")
      try await site.sync()
      #expect(try await site.parked() == ["1|protected"])
      #expect(try await site.value("displayName", of: 1) == "Full ann")
      try await site.sql("UPDATE users SET status = 'left'")
      #expect(try await site.sync().held == 1)
      #expect(try await site.held() == ["disable|1"])
      #expect(try await site.canLogIn(1))
      try await site.release("1")
      try await site.sync()
      #expect(try await !site.canLogIn(1))
      #expect(try await site.value("displayName", of: 1) == "Full ann")
    }
  }

  @Test("an administrator's entry is not taken over, whoever agrees", arguments: [true, false])
  func anAdministratorOfOthers(_ adopts: Bool) async throws {
    guard Servers.kinds.contains(.activeDirectory) else { return }
    var settings = SiteSettings()
    settings.users = ["adopt: \(adopts)"]
    try await Servers.withSite(.activeDirectory, settings) { site in
      try await site.insert(["ann"])
      try await site.sync()
      try await site.addByHand("admin", key: 5, "adminCount: 1\n")
      try await site.sql("INSERT INTO users VALUES (5, 'admin', 'eve@example.com', 'Eve', 'active', now())")
      try await site.sync()
      #expect(try await site.parked() == ["5|protected"])
      try await site.sql("DELETE FROM users WHERE id = 5")
      try await site.sync(full: true)
      #expect(try await site.names() == ["admin", "ann"])
    }
  }
}

extension Site {
  /// Somebody makes an entry with a link.
  func addByHand(_ name: String, key: Int, _ lines: String = "") async throws {
    let attributes =
      server.kind == .activeDirectory
      ? "objectClass: user\nsAMAccountName: \(name).\(self.name)\n"
      : "objectClass: inetOrgPerson\ncn: \(name)\nsn: \(name)\n"
    try await server.modify(
      "dn: \(naming)=\(name),\(base)\nchangetype: add\n\(attributes)employeeNumber: \(key)\n\(lines)")
  }

  /// `action|subject` of what is held and not released.
  func held() async throws -> [String] {
    try await sql("SELECT action, subject FROM rollcall.held WHERE NOT approved ORDER BY 1, 2")
      .split(separator: "\n").map(String.init)
  }

  func release(_ keys: RosterKey...) async throws {
    let configuration = self.configuration
    try await Reactor.run {
      let operatorActions = try OperatorActions(configuration)
      defer { operatorActions.close() }
      _ = try await operatorActions.release(keys)
    }
  }

  func plan() async throws -> Rehearsal.Result {
    let configuration = self.configuration
    return try await Reactor.run {
      let engine = try Engine(configuration, logger: Site.logger)
      defer { engine.close() }
      return try await Rehearsal(engine).run([])
    }
  }
}
