import LDAPModel
import Reactor
import RollcallEngine
import Sandbox
import Testing

@testable import RollcallAdministration
@testable import RollcallConfiguration

/// What `check` says of each kind of server.
@Suite struct CheckTests {
  /// Each server of the suite has what its section of the page `Servers` demands.
  @Test(arguments: Servers.kinds)
  func nothingIsWrongWithTheServersOfTheSuite(_ kind: DirectoryServerKind) async throws {
    try await Servers.withSite(kind, .groups()) { site in
      try await site.insert(["ann"])
      try await site.grant([(1, "devs")])
      try await site.sync()
      let findings = try await site.check()
      #expect(findings.filter { $0.level == .error } == [])
      #expect(findings.contains { $0.message.hasPrefix("\(kind.rawValue), bound as ") })
      #expect(findings.contains { $0.message == "1 linked entry" })
      if kind == .activeDirectory {
        #expect(findings.contains { $0.message == "employeeNumber has an equality index" })
      }
      if kind == .directory389 {
        #expect(findings.contains { $0.level == .ok && $0.message == "this account may write nsAccountLock" })
      }
    }
  }

  @Test func activeDirectoryWithoutItsIndexAndWithoutTLS() async throws {
    var settings = SiteSettings()
    settings.url = try await Servers.shared.url(of: .activeDirectory)
    settings.link = "employeeID"
    try await Servers.withSite(.activeDirectory, settings) { site in
      let findings = try await site.check()
      let errors = findings.filter { $0.level == .error }.map(\.complaint)
      #expect(
        errors == [
          "this server accepts passwords only over an encrypted connection; use ldaps:// in directory.url, "
            + "directory.starttls: true or mechanism: gssapi",
          "employeeID has no equality index, so each look-up reads all entries; set bit 1 of searchFlags in the "
            + "schema's entry of employeeID",
        ])
    }
  }

  /// An aci that names what the mapping writes, and forgets what disables.
  @Test func anAccountThatMayNotLock() async throws {
    try await Servers.withSite(.directory389, alone: true) { site in
      try await site.insert(["ann"])
      try await site.sync()
      let unit = site.server.usersBase
      let lines = try await site.server.search(base: unit, scope: "base", attributes: ["aci"]).split(separator: "\n")
      let old = try #require(lines.first { $0.contains("Rollcall writes") })
      let names = "objectClass || uid || cn || sn || mail || employeeNumber || userPassword"
      let new = String(old).replacing("targetattr = \"*\"", with: "targetattr = \"\(names)\"")
      try #require(new != old)
      let change = { (from: Substring, to: String) in
        "dn: \(unit)\nchangetype: modify\ndelete: aci\n\(from)\n-\nadd: aci\n\(to)\n"
      }
      try await site.server.modify(change(old, new))
      let findings = try await site.check()
      try await site.server.modify(change(new[...], String(old)))
      let found = try #require(findings.first { $0.level == .error })
      #expect(found.message == "this account may not write nsAccountLock, which the server uses to disable accounts")
      #expect(found.remedy == "add it to the targetattr of the ACI that gives the account write access")
    }
  }

  /// As `dscreate` leaves it: no index on the link, the limits for everybody, nothing said of the account.
  @Test func aStock389() async throws {
    var options = Directory389Options()
    options.durable = false
    options.indexes = []
    options.liftsLimits = false
    let chosen = options
    try await TemporaryFolder.with { folder in
      let server = try await Directory389Server.start(in: folder, options: chosen)
      var settings = SiteSettings()
      settings.password = "NULL"
      let site = try await Site(settings, Servers.shared, server)
      try await site.sql(
        "INSERT INTO users SELECT n, 'u' || n, 'x', 'Full ' || n, 'active', now() FROM generate_series(1, 5100) n")
      let before = try await site.check()
      let remedy =
        "lift it for \(server.accountDN); 389: set nsSizeLimit, nsPagedSizeLimit and nsLookThroughLimit to -1 in the "
        + "entry \(server.accountDN)"
      #expect(before.contains { $0.level == .warning && $0.message.contains("5100 entries") && $0.remedy == remedy })
      #expect(
        before.contains {
          $0.complaint.contains("this account cannot see whether employeeNumber has an equality index")
            && $0.complaint.contains("dsconf INSTANCE backend index add --attr employeeNumber")
        })
      let people = (1...5100).map { number in
        "dn: uid=u\(number),\(site.base)\nobjectClass: inetOrgPerson\nuid: u\(number)\ncn: F\nsn: F\n"
          + "employeeNumber: \(number)\n"
      }
      try await server.modify(people.joined(separator: "\n"))
      let after = try await site.check()
      #expect(after.contains { $0.level == .error && $0.message.contains("ends this account's searches after") })
      #expect(after.contains { $0.level == .error && $0.remedy == remedy })
    }
  }
}

extension Site {
  func check() async throws -> [Finding] {
    let configuration = self.configuration
    return try await Reactor.run {
      var findings: [Finding] = []
      let inspection = Inspection(configuration)
      inspection.onFinding = { findings.append($0) }
      _ = await inspection.run()
      return findings
    }
  }
}
