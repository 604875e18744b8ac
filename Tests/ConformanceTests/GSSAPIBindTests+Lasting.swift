import Foundation
import LDAP
import Sandbox
import Testing

@testable import RollcallConfiguration

/// Kerberos for longer than a ticket, and inside TLS.
extension GSSAPIBindTests {
  /// How long tickets are valid here, in seconds: Samba's KDC gives none for one that ends within two minutes.
  private static let lifetime = 130

  @Test("daemons go on writing when their tickets have ended, at work and after a rest")
  func ticketsThatEnd() async throws {
    let (slapd, domain, keytab) = try await Self.slapd.value
    let folder = try await Servers.shared.folder
    try folder.write(domain.kerberosConfiguration(["ticket_lifetime = \(Self.lifetime)s"]), to: "krb5.conf")
    defer { _ = try? folder.write(domain.kerberosConfiguration(), to: "krb5.conf") }
    try await withThrowingTaskGroup { group in
      for isDomain in [true, false] {
        for rests in [true, false] {
          var settings = SiteSettings()
          settings.url = isDomain ? domain.url : slapd.kerberosURL
          settings.bind = try Self.bind(isDomain ? "Active Directory" : "OpenLDAP", keytab: keytab)
          let site = try await Site(settings, Servers.shared, isDomain ? domain : slapd)
          group.addTask { try await Self.write(site, beyond: Self.lifetime, rests: rests, reconnects: isDomain) }
        }
      }
      try await group.waitForAll()
    }
  }

  /// Runs a daemon that writes until its tickets have ended, or rests until then, and writes once more.
  ///
  /// - Parameter reconnects: whether the server ends a connection with its ticket.
  private static func write(_ site: Site, beyond lifetime: Int, rests: Bool, reconnects: Bool) async throws {
    try await site.withDaemon {
      var last = 0
      func write() async throws {
        last += 1
        try await site.insert(["u\(last)"], from: last)
        try await eventually("\(site.name): \(last) is there") { try await site.entry(last) != nil }
      }
      try await write()
      // The tickets of each connection that is open now have ended by then.
      let end = ContinuousClock.now + .seconds(lifetime + 5)
      try await eventually(within: .seconds(lifetime + 60), "the tickets have ended", poll: .milliseconds(500)) {
        if !rests { try await write() }
        return .now > end
      }
      try await write()
      if reconnects {
        let counts = "SELECT counts->>'reconnects.directory' IS NOT NULL FROM rollcall.counters"
        try await eventually("\(site.name) has connected again") {
          try await site.sql("\(counts) WHERE directory = '\(site.name)'") == "t"
        }
      }
    }
    #expect(try await site.parked() == [])
    try await site.expectAtRest()
  }

  /// Each way to have TLS, with all that slapd may demand of it.
  @Test(
    "slapd: over TLS, tied to the certificate where it asks for that",
    arguments: [false, true], ["none", "tls-endpoint"])
  func slapdOverTLS(_ startTLS: Bool, _ binding: String) async throws {
    let servers = try await Servers.shared
    let (_, _, keytab) = try await Self.slapd.value
    // Of localhost libldap makes the machine's own name, which the certificate does not have.
    let server = try await Self.startSlapd(
      try await Self.addressKeytab.value, host: "127.0.0.1",
      lines: ["sasl-cbinding \(binding)", "sasl-secprops noplain,noanonymous,minssf=128"],
      tls: servers.authority)
    var settings = SiteSettings()
    settings.url = startTLS ? server.url : server.secureURL
    if startTLS { settings.directory = ["starttls: true"] }
    settings.bind = try Self.bind("OpenLDAP", keytab: keytab)
    let site = try await Site(settings, servers, server)
    try await site.insert(["ann"])
    try await site.sync()
    #expect(try await site.names() == ["ann"])
    try await site.expectAtRest()
    let findings = try await site.check()
    #expect(findings.contains { $0.message == "openldap, bound as dn:\(server.accountDN)" })
    await server.stop()
  }

  /// Samba's default, `ldap server require strong auth = yes`.
  @Test("Active Directory: a domain controller that takes no ticket inside TLS is named, with the other way")
  func noTicketInsideTLS() async throws {
    try await Servers.with(.activeDirectory, alone: true) { server in
      let domain = try await Servers.shared.domain()
      let (account, keytab) = (domain.accountPrincipal, try await domain.exportKeytab())
      let file = domain.accountPasswordFile.replacing("account.password", with: "smb.conf")
      let usual = try String(contentsOfFile: file, encoding: .utf8)
      let strict = usual.replacing("require strong auth = no", with: "require strong auth = yes")
      try #require(strict != usual)
      func restart(with settings: String) async throws {
        try settings.write(toFile: file, atomically: true, encoding: .utf8)
        try await server.restart()
      }
      var options = Self.options(domain.secureURL ?? "", account, keytab)
      options.caFile = domain.authorityFile
      do {
        try await restart(with: strict)
        let error = await Self.refusal(options)
        #expect(error?.diagnostic.contains("use ldap:// without starttls") == true, "\(String(describing: error))")
        #expect(await Self.refusal(Self.options(domain.url, account, keytab)) == nil)
      } catch {
        try await restart(with: usual)
        throw error
      }
      try await restart(with: usual)
      #expect(await Self.refusal(options) == nil)
    }
  }
}
