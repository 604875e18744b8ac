import Glibc
import LDAPModel
import RollcallCore
import RollcallEngine
import Sandbox
import Testing

@testable import RollcallAdministration
@testable import RollcallConfiguration
@testable import RollcallLedger

/// `mechanism: external`: without a password, as whom the socket or the certificate says.
@Suite struct ExternalBindTests {
  @Test func theSocketSaysWhoItIs() async throws {
    try await withServer { server, _ in
      var settings = SiteSettings()
      settings.url = server.socketURL
      settings.bind = "{ mechanism: external }"
      try await ExternalBindTests.expectWork(settings, server)
    }
  }

  @Test(arguments: [true, false])
  func theCertificateSaysWhoItIs(_ startTLS: Bool) async throws {
    try await withServer { server, authority in
      let identity = try await authority.issue(name: "rollcall", subject: "/O=Example/OU=daemons/CN=rollcall")
      var settings = SiteSettings()
      settings.url = startTLS ? server.url : server.secureURL
      settings.bind = "{ mechanism: external }"
      settings.directory = [
        "certificate: \(identity.certificate)", "key: \(identity.key)", "starttls: \(startTLS)",
      ]
      try await ExternalBindTests.expectWork(settings, server)
    }
  }

  @Test func whomNobodyKnowsMayNotWrite() async throws {
    try await withServer { server, authority in
      let identity = try await authority.issue(name: "stranger", subject: "/O=Elsewhere/CN=rollcall")
      var settings = SiteSettings()
      settings.bind = "{ mechanism: external }"
      settings.directory = ["certificate: \(identity.certificate)", "key: \(identity.key)"]
      let site = try await ExternalBindTests.site(settings, server)
      try await site.insert(["ann"])
      try await site.sync()
      #expect(try await site.parked() == ["1|access"])
      #expect(try await site.names().isEmpty)
    }
    try await withServer { server, authority in
      // Signed by somebody whom the server does not trust.
      let folder = try TemporaryFolder()
      let other = try await TestAuthority.make(in: folder)
      let identity = try await other.issue(name: "rollcall", subject: "/O=Example/OU=daemons/CN=rollcall")
      var settings = SiteSettings()
      settings.bind = "{ mechanism: external }"
      settings.directory = ["certificate: \(identity.certificate)", "key: \(identity.key)"]
      let site = try await ExternalBindTests.site(settings, server)
      await #expect(throws: EngineError.self) { try await site.sync() }
      await folder.remove()
    }
  }

  @Test("G15: the account that the socket names is not taken over") func theOwnAccount() async throws {
    try await withServer { server, _ in
      var settings = SiteSettings()
      settings.url = server.socketURL
      settings.bind = "{ mechanism: external }"
      settings.attributes = ["uid: username", "cn: username", "sn: full_name"]
      settings.users = ["adopt: true"]
      let account = DistinguishedName(unchecked: server.accountDN)
      let site = try await ExternalBindTests.site(settings, server)
        .changed("  naming: uid", to: "  naming: cn")
        .changed("  base: ou=", to: "  base: \(try #require(account.parent)) #")
      try await site.sql("INSERT INTO users VALUES (1, 'RollCall', 'x', 'Eve', 'active', now())")
      let result = try await site.plan()
      #expect(result.plan.sequences.isEmpty)
      #expect(result.parked["1"]?.reason == .protected)
      #expect(result.parked["1"]?.message.contains("is the account that Rollcall binds with") == true)
    }
  }

  private static func site(_ settings: SiteSettings, _ server: DirectoryServer) async throws -> Site {
    try await Site(settings, Servers.shared, server)
  }

  private static func expectWork(_ settings: SiteSettings, _ server: DirectoryServer) async throws {
    let site = try await site(settings, server)
    try await site.withDaemon {
      try await site.insert(["ann"])
      try await eventually("ann is there") { try await site.names() == ["ann"] }
    }
    try await site.expectAtRest()
  }

  /// A slapd that takes this process's user, and a certificate of the daemons' unit, for the service account.
  private func withServer(
    _ body: (DirectoryServer, TestAuthority) async throws -> Void
  ) async throws {
    try await TemporaryFolder.with { folder in
      let authority = try await TestAuthority.make(in: folder)
      var options = OpenLDAPOptions()
      options.durable = false
      options.tls = authority
      let account = "cn=rollcall,\(options.suffix)"
      options.globalLines = [
        "TLSVerifyClient try",
        #"authz-regexp "gidNumber=[0-9]+[+]uidNumber=\#(getuid()),cn=peercred,cn=external,cn=auth" "\#(account)""#,
        #"authz-regexp "^cn=([^,]+),ou=daemons,o=Example$" "cn=$1,\#(options.suffix)""#,
      ]
      let server = try await DirectoryServer.start(in: folder, options: options)
      try await body(server, authority)
    }
  }
}
