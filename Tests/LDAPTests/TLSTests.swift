import LDAP
import LDAPModel
import Reactor
import Sandbox
import Testing

@Suite struct TLSTests {
  private static func secured(_ server: DirectoryServer, _ authority: TestAuthority?) throws -> LDAPOptions {
    var options = server.account
    options.url = try #require(server.secureURL)
    options.caFile = authority?.certificate
    return options
  }

  @Test func ldapsIsAcceptedWithItsAuthority() async throws {
    try await withDirectory(tls: true) { server, options in
      let session = try await LDAPSession.open(TLSTests.secured(server, options.tls))
      #expect(session.isEncrypted)
      #expect(try await session.whoAmI() == "dn:\(server.accountDN)")
      session.close()
    }
  }

  @Test func startTLSIsAcceptedWithItsAuthority() async throws {
    try await withDirectory(tls: true) { server, options in
      var secured = server.account
      secured.caFile = options.tls?.certificate
      secured.startTLS = true
      let session = try await LDAPSession.open(secured)
      #expect(session.isEncrypted)
      #expect(try await session.whoAmI() == "dn:\(server.accountDN)")
      session.close()
    }
  }

  /// Records are decrypted inside libldap: what it holds must not wait for the descriptor.
  @Test func aThousandAnswersComeThroughTLS() async throws {
    try await withDirectory(tls: true) { server, options in
      let session = try await LDAPSession.open(TLSTests.secured(server, options.tls))
      let results = await session.outcomes((0..<500).map { person("u\($0)") })
      #expect(results.allSatisfy { (try? $0.get()) != nil })
      for pageSize in [7, 500] {
        var names: Set<DistinguishedName> = []
        try await session.search(
          base: users, scope: .oneLevel, filter: .present("uid"), pageSize: pageSize
        ) { page in
          names.formUnion(page.map(\.dn))
        }
        #expect(names.count == 500)
      }
      session.close()
    }
  }

  /// A message of many records, all of which may have left the descriptor before the first is read.
  @Test func anEntryLargerThanARecordComesThroughTLS() async throws {
    try await withDirectory(tls: true) { server, options in
      let session = try await LDAPSession.open(TLSTests.secured(server, options.tls))
      for size in [16_000, 40_000, 300_000, 2_000_000] {
        let photo = AttributeValue(bytes: [UInt8](repeating: 0xD8, count: size))
        try await session.perform(person("u\(size)", [Attribute("jpegPhoto", [photo])]))
        let found = try await session.search(
          base: personDN("u\(size)"), scope: .base, filter: .present("uid"), attributes: ["jpegPhoto"])
        #expect(found.first?["jpegPhoto"] == [photo])
      }
      #expect(try await session.schema().attributeType("jpegPhoto") != nil)
      session.close()
    }
  }

  @Test(arguments: [false, true])
  func anotherAuthorityIsRefused(startTLS: Bool) async throws {
    try await TemporaryFolder.with { folder in
      let stranger = try await TestAuthority.make(in: folder)
      try await withDirectory(tls: true) { server, _ in
        var options = try TLSTests.secured(server, stranger)
        if startTLS { options.url = server.url }
        options.startTLS = startTLS
        let chosen = options
        let error = await failure { () throws(LDAPError) in try await LDAPSession.open(chosen) }
        #expect(error.code == .connectError)
        #expect(
          error.diagnostic
            == "the server's certificate is refused: its issuer is not among the trusted authorities; "
            + "name the authority's file as ca")
      }
    }
  }

  @Test func withoutAnAuthorityTheSystemsAreAsked() async throws {
    try await withDirectory(tls: true) { server, _ in
      let options = try TLSTests.secured(server, nil)
      let error = await failure { () throws(LDAPError) in try await LDAPSession.open(options) }
      #expect(error.code == .connectError)
      #expect(error.diagnostic.contains("its issuer is not among the trusted authorities"))
    }
  }

  @Test func anotherNameIsRefused() async throws {
    try await withDirectory(tls: true) { server, options in
      var elsewhere = try TLSTests.secured(server, options.tls)
      // 127.0.0.1 in a form that no certificate names.
      elsewhere.url = "ldaps://0x7f000001:\(try #require(server.securePort))"
      let chosen = elsewhere
      let error = await failure { () throws(LDAPError) in try await LDAPSession.open(chosen) }
      #expect(error.code == .connectError)
      #expect(
        error.diagnostic.hasPrefix("the server's certificate is not for 0x7f000001: hostname (0x7f000001)"))
    }
  }

  /// Whoever has a certificate as a client of the same authority is no directory for that.
  @Test(arguments: [("clientAuth", false), ("serverAuth", true), ("1.2.3.4,anyExtendedKeyUsage", true), (nil, true)])
  func aClientsCertificateIsNoServers(_ usage: String?, isTaken: Bool) async throws {
    try await TemporaryFolder.with { folder in
      let authority = try await TestAuthority.make(in: folder)
      var options = OpenLDAPOptions()
      options.tls = authority.presenting(
        try await authority.issue(
          name: "other", subject: "/CN=localhost", alternativeNames: "DNS:localhost,IP:127.0.0.1", usage: usage))
      let server = try await DirectoryServer.start(in: folder, options: options)
      let secured = try TLSTests.secured(server, authority)
      if isTaken {
        try await Reactor.run { try await LDAPSession.open(secured).close() }
      } else {
        let error = await failure { () throws(LDAPError) in try await LDAPSession.open(secured) }
        #expect(error.code == .connectError)
        #expect(
          error.diagnostic
            == "the server's certificate is refused: it is not for servers (its extendedKeyUsage lacks serverAuth)")
      }
    }
  }

  /// TLS announces its end before the connection's, and nothing of that is against the protocol.
  @Test func aStoppedServerHasClosedTheConnection() async throws {
    try await withDirectory(tls: true) { server, options in
      let session = try await LDAPSession.open(TLSTests.secured(server, options.tls))
      let end = Ending(session)
      await server.stop()
      let error = await end.error
      #expect(error.code == .serverDown && error.diagnostic == "the server has closed the connection", "\(error)")
    }
  }

  @Test func verificationIsOffOnRequestOnly() async throws {
    try await withDirectory(tls: true) { server, _ in
      var options = try TLSTests.secured(server, nil)
      options.url = "ldaps://0x7f000001:\(try #require(server.securePort))"
      options.verify = false
      let session = try await LDAPSession.open(options)
      #expect(session.isEncrypted)
      session.close()
    }
  }

  @Test func aClientCertificateIsAnIdentity() async throws {
    try await withDirectory(tls: true, globalLines: ["TLSVerifyClient try"]) { server, options in
      let authority = try #require(options.tls)
      let identity = try await authority.issue(name: "client", subject: "/DC=com/DC=example/CN=rollcall")
      var external = try TLSTests.secured(server, authority)
      external.certificate = identity.certificate
      external.key = identity.key
      external.bind = .external
      let session = try await LDAPSession.open(external)
      #expect(try await session.whoAmI() == "dn:cn=rollcall,dc=example,dc=com")
      session.close()
    }
  }

  @Test func missingFilesAreNamed() async throws {
    try await withDirectory(tls: true) { server, options in
      var missing = try TLSTests.secured(server, options.tls)
      missing.caFile = "/nowhere/ca.pem"
      let first = missing
      let error = await failure { () throws(LDAPError) in try await LDAPSession.open(first) }
      #expect(error.diagnostic.contains("could not use CA certificate file `/nowhere/ca.pem'"))
      missing.caFile = options.tls?.certificate
      missing.certificate = options.tls?.server.certificate
      missing.key = "/nowhere/client.key"
      let second = missing
      let other = await failure { () throws(LDAPError) in try await LDAPSession.open(second) }
      #expect(other.diagnostic.contains("/nowhere/client.key"))
    }
  }

  @Test func aMuteHandshakeMeetsTheDeadline() async throws {
    try await withDirectory(tls: true) { server, options in
      let proxy = try await TCPProxy.start(to: try #require(server.securePort))
      await proxy.swallow()
      var mute = try TLSTests.secured(server, options.tls)
      mute.url = "ldaps://127.0.0.1:\(proxy.port)"
      mute.connectTimeout = .milliseconds(300)
      let chosen = mute
      let started = ContinuousClock.now
      let error = await failure { () throws(LDAPError) in try await LDAPSession.open(chosen) }
      #expect(error.code == .timeout)
      #expect(error.diagnostic.contains("does not answer the TLS handshake"))
      #expect(ContinuousClock.now - started < .seconds(20))
      await proxy.stop()
    }
  }

  @Test func aPortWithoutTLSIsRecognized() async throws {
    try await withDirectory { server, _ in
      var plain = server.account
      plain.url = "ldaps://127.0.0.1:\(server.port)"
      let first = plain
      let error = await failure { () throws(LDAPError) in try await LDAPSession.open(first) }
      #expect(error.code == .connectError)
      #expect(error.diagnostic.contains("does the server speak TLS on this port"))
      plain.url = server.url
      plain.startTLS = true
      let second = plain
      let other = await failure { () throws(LDAPError) in try await LDAPSession.open(second) }
      #expect(other.diagnostic.hasPrefix("the server refuses StartTLS"))
    }
  }
}
