import Glibc
import LDAP
import LDAPModel
import Reactor
import Sandbox
import Testing

@Suite struct OpeningTests {
  @Test func aSimpleBindIsWhoItSaysItIs() async throws {
    try await withDirectory { server, _ in
      let session = try await LDAPSession.open(server.account)
      #expect(try await session.whoAmI() == "dn:\(server.accountDN)")
      #expect(session.isUsable && !session.isEncrypted && session.outstanding == 0)
      session.close()
      #expect(!session.isUsable)
    }
  }

  @Test func externalOverTheSocketIsTheProcessUser() async throws {
    try await withDirectory { server, _ in
      var options = LDAPOptions(url: server.socketURL)
      options.bind = .external
      let session = try await LDAPSession.open(options)
      let identity = try await session.whoAmI()
      #expect(identity.contains("cn=peercred,cn=external,cn=auth"))
      session.close()
    }
  }

  @Test func anonymousIsNobody() async throws {
    try await withDirectory { server, _ in
      let session = try await LDAPSession.open(LDAPOptions(url: server.url))
      #expect(try await session.whoAmI() == "")
      session.close()
    }
  }

  @Test func aWrongPasswordIsRefusedAndNotShown() async throws {
    try await withDirectory { server, _ in
      var options = server.account
      options.bind = .simple(dn: server.accountDN, password: BindPassword("hunter2"))
      let error = await failure { () throws(LDAPError) in try await LDAPSession.open(options) }
      #expect(error.code == .invalidCredentials)
      #expect(
        error.description
          == "bind cn=rollcall,dc=example,dc=com: invalidCredentials (49): check the bind DN and its password"
      )
      #expect(!"\(options)".contains("hunter2"))
      var dumped = ""
      dump(options, to: &dumped)
      #expect(dumped.contains("***") && !dumped.contains("hunter2"))
    }
  }

  @Test func anEmptyPasswordNeverBecomesAnonymous() async throws {
    try await withDirectory { server, _ in
      var options = server.account
      options.bind = .simple(dn: server.accountDN, password: BindPassword(""))
      let error = await failure { () throws(LDAPError) in try await LDAPSession.open(options) }
      #expect(error.code == .inappropriateAuthentication)
      #expect(error.diagnostic == "the password is empty")
    }
  }

  @Test func externalWithoutACertificateIsExplained() async throws {
    try await withDirectory(tls: true) { server, options in
      var external = LDAPOptions(url: try #require(server.secureURL))
      external.caFile = options.tls?.certificate
      external.bind = .external
      let chosen = external
      let error = await failure { () throws(LDAPError) in try await LDAPSession.open(chosen) }
      #expect(error.diagnostic.contains("EXTERNAL needs ldapi, or TLS with a client certificate"))
    }
  }

  @Test(arguments: [
    ("http://127.0.0.1", "not a URI"), ("nonsense", "not a URI"),
    ("ldap://127.0.0.1:1", "Connection refused"),
    ("ldapi://%2Fnowhere%2Fldapi", "/nowhere/ldapi: No such file or directory"),
    ("ldap://no-such-host.invalid", "check the host name in the url"),
  ])
  func whatCannotBeReachedSaysWhy(url: String, reason: String) async throws {
    try await Reactor.run {
      let error = await failure { () throws(LDAPError) in try await LDAPSession.open(LDAPOptions(url: url)) }
      #expect(error.code == .connectError || error.code == .parameterError)
      #expect(error.description.hasPrefix("connect \(url): ") && error.description.contains(reason))
    }
  }

  /// A peer that accepts and says nothing, at the bind and at StartTLS.
  @Test(arguments: [false, true])
  func aMutePeerMeetsTheDeadline(startTLS: Bool) async throws {
    try await withDirectory { server, _ in
      let proxy = try await TCPProxy.start(to: server.port)
      await proxy.swallow()
      var options = server.account
      options.url = "ldap://127.0.0.1:\(proxy.port)"
      options.startTLS = startTLS
      options.connectTimeout = .milliseconds(300)
      let chosen = options
      let started = ContinuousClock.now
      let error = await failure { () throws(LDAPError) in try await LDAPSession.open(chosen) }
      #expect(error.code == .timeout)
      #expect(ContinuousClock.now - started < .seconds(20))
      await proxy.stop()
    }
  }

  @Test func theServerSaysWhatItIs() async throws {
    try await withDirectory { server, _ in
      let session = try await LDAPSession.open(server.account)
      // No ldap.conf, ~/.ldaprc or LDAP* variable has a say: libldap looks for this before any of them.
      #expect(unsafe getenv("LDAPNOINIT") != nil)
      let root = try await session.rootDSE()
      #expect(root.namingContexts == ["dc=example,dc=com"])
      #expect(root.isOpenLDAP && !root.isActiveDirectory && root.isGlobalCatalogReady == nil)
      #expect(root.supportedControls.contains("1.2.840.113556.1.4.319"))
      let schema = try await session.schema()
      #expect(schema.attributeType("employeeNumber") != nil)
      #expect(schema.objectClass("inetOrgPerson") != nil)
      session.close()
    }
  }
}
