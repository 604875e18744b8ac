import Foundation
import LDAP
import LDAPModel
import PageBlocks
import Reactor
import RollcallEngine
import Sandbox
import Testing

@testable import RollcallAdministration
@testable import RollcallConfiguration

/// `mechanism: gssapi`: Kerberos, with Samba's KDC for its own LDAP and for slapd, as the page `Servers` shows it.
@Suite(.serialized, .enabled(if: SambaDomain.obstacle == nil, "Samba's fixed ports must be free and open to us"))
struct GSSAPIBindTests {
  @Test(
    "Active Directory: signed and encrypted by Kerberos over LDAP, tied to the certificate over TLS, however that begins",
    arguments: ["ldap", "starttls", "ldaps"])
  func activeDirectory(_ transport: String) async throws {
    let domain = try await Servers.shared.domain()
    var settings = SiteSettings()
    settings.url = transport == "ldaps" ? domain.secureURL : domain.url
    if transport == "starttls" { settings.directory = ["starttls: true"] }
    settings.bind = try Self.bind("Active Directory", keytab: try await domain.exportKeytab())
    try await Servers.withSite(.activeDirectory, settings) { site in
      try await site.insert(["ann"])
      try await site.sync()
      // Its password was written, which goes over an encrypted connection only.
      #expect(try await site.canLogIn(1))
      try await site.expectAtRest()
      let findings = try await site.check()
      #expect(findings.filter { $0.level == .error } == [])
      #expect(findings.contains { $0.message == "ad, bound as \(domain.accountPrincipal)" })
      let configuration = site.configuration
      let accounts = try await Reactor.run {
        let link = DirectoryLink(configuration.directory, base: configuration.users.base)
        try await link.connect()
        defer { link.close() }
        return link.facts?.accounts.map { $0.text.lowercased() }
      }
      #expect(accounts == [domain.accountDN.lowercased()])
    }
  }

  @Test("slapd: with a keytab of its own, and tickets got anew after each loss")
  func slapd() async throws {
    let (server, domain, keytab) = try await Self.slapd.value
    var settings = SiteSettings()
    settings.url = server.kerberosURL
    settings.bind = try Self.bind("OpenLDAP", keytab: keytab)
    let site = try await Site(settings, Servers.shared, server)
    try await site.withDaemon {
      try await site.insert(["ann"])
      try await eventually("ann is there") { try await site.names() == ["ann"] }
      try await server.restart()
      try await site.insert(["ben"], from: 2)
      try await eventually("ben is there") { try await site.names() == ["ann", "ben"] }
    }
    try await site.expectAtRest()
    let base = DistinguishedName(unchecked: site.base)
    let options = Self.options(server.kerberosURL, domain.accountPrincipal, keytab)
    try await Reactor.run {
      let session = try await LDAPSession.open(options)
      defer { session.close() }
      #expect(session.isEncrypted)
      #expect(try await session.whoAmI() == "dn:\(server.accountDN)")
      // Messages of many packets of the layer.
      for size in [16_000, 70_000, 1_500_000] {
        let photo = AttributeValue(bytes: [UInt8](repeating: 0xD8, count: size))
        let name = base.child(RelativeDistinguishedName("uid", AttributeValue("p\(size)")))
        let attributes = [
          Attribute("objectClass", ["inetOrgPerson"]), Attribute("cn", ["x"]), Attribute("sn", ["x"]),
          Attribute("jpegPhoto", [photo]),
        ]
        try await session.perform(.add(name, attributes))
        let found = try await session.search(
          base: base, scope: .subtree, filter: .present("jpegPhoto"), attributes: ["jpegPhoto"])
        #expect(found.contains { $0["jpegPhoto"] == [photo] })
      }
    }
  }

  @Test("what is wrong is said, with what to do")
  func mistakes() async throws {
    let (server, domain, keytab) = try await Self.slapd.value
    let folder = try await Servers.shared.folder
    let mute = try await TCPProxy.start(to: server.port)
    await mute.swallow()
    let account = domain.accountPrincipal
    let (nobody, down, silent) = ("nobody@EXAMPLE.COM", "x@DOWN.EXAMPLE.COM", "x@MUTE.EXAMPLE.COM")
    let own = try folder.write(KeytabText.of(account, nobody, down, silent), to: "own.keytab")
    let unknown = "ldap://0x7f" + domain.address.dropFirst(3)
    for (url, principal, keys, settings, words) in [
      (domain.url, account, own, [], "Preauthentication failed; the key in directory.bind.keytab is not the account's"),
      (domain.url, nobody, own, [], "not found in Kerberos database; check directory.bind.principal"),
      (domain.url, account, "/nowhere", [], "'/nowhere' not found; check directory.bind.keytab"),
      (domain.url, down, own, [], "Cannot contact any KDC for realm 'DOWN.EXAMPLE.COM'; check that a KDC"),
      (domain.url, silent, own, [], "no KDC of its realm answers in time; check that a KDC"),
      (unknown, account, keytab, [], "Server not found in Kerberos database; name the server in directory.url"),
      (domain.url, account, keytab, ["ticket_lifetime = 10s"], "Ticket expired; the realm's tickets end too soon"),
      // No clocks are as close together as this demands.
      (
        domain.url, account, keytab, ["clockskew = -1"], "Clock skew too great in KDC reply; clocks differ by more than"
      ),
    ] as [(String, String, String, [String], String)] {
      let kdcs = ["DOWN.EXAMPLE.COM": "127.0.0.1:1", "MUTE.EXAMPLE.COM": "127.0.0.1:\(mute.port)"]
      try folder.write(domain.kerberosConfiguration(settings, kdcs: kdcs), to: "krb5.conf")
      var options = Self.options(url, principal, keys)
      if principal == silent { options.connectTimeout = .milliseconds(300) }
      let error = await Self.refusal(options)
      #expect(error?.description.contains(words) == true, "\(String(describing: error))")
      #expect(error?.operation == "bind \(principal)")
    }
    try folder.write(domain.kerberosConfiguration(), to: "krb5.conf")
    await mute.stop()

    // check says it where the bind is configured.
    var settings = SiteSettings()
    settings.url = domain.url
    settings.bind = try Self.bind("Active Directory", keytab: own)
    try await Servers.withSite(.activeDirectory, settings) { site in
      let errors = try await site.check().filter { $0.level == .error }
      #expect(errors.count == 1 && errors[0].place.hasSuffix(": directory.bind"), "\(errors)")
      #expect(errors.first?.message.hasPrefix("\(domain.url): bind \(account): authUnknown (-6): Preauth") == true)
    }

    // slapd reads its own keytab at each bind.
    let service = try await Self.serviceKeytab.value
    let right = try Data(contentsOf: URL(filePath: service))
    try Data(KeytabText.of("ldap/localhost@EXAMPLE.COM").utf8).write(to: URL(filePath: service))
    var error = await Self.refusal(Self.options(server.kerberosURL, account, keytab))
    try right.write(to: URL(filePath: service))
    #expect(error?.code == .invalidCredentials)
    #expect(error?.diagnostic.contains("its keytab does not hold its account's present key, or clocks differ") == true)
    #expect(await Self.refusal(Self.options(server.kerberosURL, account, keytab)) == nil)

    // Nothing is sent over a connection that is not encrypted, whatever the server says.
    let weak = try await Self.startSlapd(service, lines: ["sasl-secprops noplain,noanonymous,maxssf=1"])
    error = await Self.refusal(Self.options(weak.kerberosURL, account, keytab))
    #expect(error?.diagnostic.contains("the server does not encrypt with 128 bits or more") == true)
    await weak.stop()
    let liar = try await LyingServer.start()
    error = await Self.refusal(Self.options("ldap://localhost:\(liar.port)", account, keytab))
    #expect(error?.operation == "bind \(account)", "\(String(describing: error))")
  }

  /// Why a connection cannot be opened; nil if it can.
  static func refusal(_ options: LDAPOptions) async -> LDAPError? {
    let result = try? await Reactor.run { () -> LDAPError? in
      do throws(LDAPError) {
        try await LDAPSession.open(options).close()
        return nil
      } catch { return error }
    }
    return result ?? nil
  }

  // MARK: Servers

  /// One slapd for the suite, its service account in the domain, and Rollcall's own keytab.
  static let slapd = Task {
    let domain = try await Servers.shared.domain()
    return (try await startSlapd(try await serviceKeytab.value), domain, try await domain.exportKeytab())
  }

  static let serviceKeytab = Task { try await Servers.shared.domain().makeService("ldap/localhost") }
  static let addressKeytab = Task { try await Servers.shared.domain().makeService("ldap/127.0.0.1") }

  /// It maps principals as the page says.
  static func startSlapd(
    _ keytab: String, host: String = "localhost", lines: [String] = [], tls: TestAuthority? = nil
  ) async throws -> DirectoryServer {
    let servers = try await Servers.shared
    let block = try #require(Page.blocks(of: .kerberos).first { $0.language == "slapd.conf" })
    var options = OpenLDAPOptions()
    options.durable = false
    options.ppolicy = true
    options.tls = tls
    options.globalLines = block.text.replacing("ldap.example.com", with: host).split(separator: "\n").map(
      String.init)
    options.globalLines += lines
    options.environment = ["KRB5_KTNAME": keytab, "KRB5_CONFIG": "\(servers.folder.path)/krb5.conf"]
    return try await DirectoryServer.start(in: servers.folder, options: options)
  }

  static func options(_ url: String, _ principal: String, _ keytab: String) -> LDAPOptions {
    var options = LDAPOptions(url: url)
    options.bind = .gssapi(principal: principal, keytab: keytab)
    return options
  }

  /// The account of the page's section, with this keytab.
  static func bind(_ section: String, keytab: String) throws -> String {
    let block = try #require(Page.blocks(of: .kerberos).first { $0.section == section && $0.language == "yaml" })
    let line = try #require(block.text.split(separator: "\n").first { $0.contains("bind: ") })
    return String(line).replacing("  bind: ", with: "").replacing("/etc/rollcall/ldap.keytab", with: keytab)
  }
}

extension DirectoryServer {
  /// With the name of its service principal.
  nonisolated var kerberosURL: String { "ldap://localhost:\(port)" }
}
