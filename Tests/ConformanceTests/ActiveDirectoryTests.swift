import LDAP
import LDAPModel
import Reactor
import RollcallEngine
import Sandbox
import Testing

@testable import RollcallConfiguration
@testable import RollcallLedger

/// What only Active Directory has: account names beside entries' names, passwords over TLS, control bits.
@Suite(.enabled(if: SambaDomain.obstacle == nil, "Samba's fixed ports must be free and open to us"))
struct ActiveDirectoryTests {
  /// Entries named by full names, as administrators like to see them there.
  private static var settings: SiteSettings {
    var settings = SiteSettings()
    settings.attributes = [
      "cn: full_name", "sAMAccountName: \(Profile.unique("username"))",
      "userPrincipalName: \(Profile.unique("email"))", "displayName: full_name",
      "sn: regexp_replace(full_name, '^.*\\s', '')",
    ]
    return settings
  }

  private func withSite(
    _ settings: SiteSettings = ActiveDirectoryTests.settings,
    _ body: @escaping @Sendable (Site) async throws -> Void
  ) async throws {
    try await Servers.withSite(.activeDirectory, settings, body)
  }

  private static func user(_ name: String, below base: String, _ lines: String) -> String {
    "dn: cn=\(name),\(base)\nchangetype: add\nobjectClass: user\n\(lines)\n"
  }

  @Test func aPersonKeepsItsIdentityThroughEveryRename() async throws {
    try await withSite { site in
      let names = [
        #"Lovelace, Ada "the Countess""#, #"King\Byron, Ada+"#, "Ada #1 <ada>; =x", "Ada Lovelace",
      ]
      try await site.sql(
        "INSERT INTO users VALUES (1, 'ada', 'ada@example', '\(names[0])', 'active', now())")
      try await site.sync()
      let whole = ["*", "objectGUID", "objectSid"]
      let first = try #require(try await site.entries(whole).first)
      #expect(first["cn"].first?.text == names[0])
      #expect(first.dn.first?.parts.first?.value.text == names[0])
      #expect(first["sAMAccountName"].first?.text == "ada.\(site.name)" && first["userAccountControl"] == ["512"])
      #expect(try await site.server.admits("ada@example.\(site.name)", password: "First-Pw-1"))
      try await site.expectAtRest()
      for name in names.dropFirst() {
        try await site.sql("UPDATE users SET full_name = $n$\(name)$n$, username = username || 'a'")
        try await site.sync()
        let entry = try #require(try await site.entries(whole).first)
        #expect(entry["cn"].first?.text == name && entry["displayName"].first?.text == name)
        #expect(entry["objectGUID"] == first["objectGUID"] && entry["objectSid"] == first["objectSid"])
        try await site.expectAtRest()
      }
      #expect(try await site.value("sAMAccountName", of: 1) == "adaaaa.\(site.name)")
      #expect(try await site.canLogIn(1))
    }
  }

  @Test(arguments: ["sAMAccountName", "userPrincipalName"])
  func aValueHeldElsewhereIsParkedWithItsHolder(_ attribute: String) async throws {
    try await withSite { site in
      // Outside the base, with a value in the link's attribute that means nothing to us.
      let value = attribute == "sAMAccountName" ? "x.\(site.name)" : "x@example.com.\(site.name)"
      let holder = ActiveDirectoryTests.user(
        "Holder \(site.name)", below: site.server.groupsBase, "\(attribute): \(value)\nemployeeNumber: 1\n")
      try await site.server.modify(holder)
      try await site.sql(
        """
        INSERT INTO users VALUES (1, 'x', 'x@example.com', 'First', 'active', now()),
          (2, 'y', 'y@example.com', 'Second', 'active', now())
        """)
      try await site.sync()
      #expect(try await site.parked() == ["1|name-taken"])
      let message = try await site.sql("SELECT message FROM rollcall.parked")
      #expect(message.lowercased().contains("\(attribute): \(value)".lowercased()))
      #expect(message.contains("CN=Holder \(site.name),OU=groups"))
      #expect(try await site.names() == ["Second"])
      // A person who is there already cannot take it either, and keeps what it has.
      let column = attribute == "sAMAccountName" ? "username" : "email"
      try await site.sql("DELETE FROM users WHERE id = 1; UPDATE users SET \(column) = replace(\(column), 'y', 'x')")
      try await site.sync()
      #expect(try await site.parked() == ["2|name-taken"])
      #expect(try await site.value(attribute, of: 2)?.hasPrefix("y") == true)

      try await site.server.modify(
        "dn: cn=Holder \(site.name),\(site.server.groupsBase)\nchangetype: delete\n")
      try await site.sync(full: true)
      #expect(try await site.value(attribute, of: 2) == value)
      try await site.expectAtRest()
    }
  }

  @Test(arguments: ["username", "email"])
  func aValueOfAnotherPersonIsTakenUpWhenItIsFree(_ column: String) async throws {
    try await withSite { site in
      let attribute = column == "username" ? "sAMAccountName" : "userPrincipalName"
      try await site.insert(["ann"])
      try await site.withDaemon {
        try await eventually("ann is there") { try await site.names() == ["Full ann"] }
        try await site.sql(
          """
          INSERT INTO users VALUES (2, 'ben', 'ben@example.com', 'Full ben', 'active', now());
          UPDATE users SET \(column) = (SELECT \(column) FROM users WHERE id = 1) WHERE id = 2;
          """)
        try await eventually("the second is parked") { try await site.parked() == ["2|name-taken"] }
        let message = try await site.sql("SELECT message FROM rollcall.parked")
        #expect(message.lowercased().contains("\(attribute): ann".lowercased()) && message.contains("CN=Full ann"))
        // The holder gives up the value alone, and no name.
        try await site.sql("UPDATE users SET \(column) = 'x' || \(column) WHERE id = 1")
        try await eventually("the second has it") {
          try await site.value(attribute, of: 2)?.hasPrefix("ann") == true
        }
        try await eventually("nobody is parked") { try await site.parked().isEmpty }
        // And once more, freed by a delete.
        try await site.insert(["cid"], from: 3)
        try await site.sql("UPDATE users SET \(column) = (SELECT \(column) FROM users WHERE id = 2) WHERE id = 3")
        try await eventually("the third is parked") { try await site.parked() == ["3|name-taken"] }
        try await site.sql("DELETE FROM users WHERE id = 2")
        try await eventually("the third has it") {
          try await site.value(attribute, of: 3)?.hasPrefix("ann") == true
        }
      }
      try await site.expectAtRest()
    }
  }

  @Test func accountNamesAreExchanged() async throws {
    try await withSite { site in
      let row = { (key: Int, name: String) in
        "(\(key), '\(name)', '\(name)@example', 'Person \(key)', 'active', now())"
      }
      try await site.sql("INSERT INTO users VALUES \(row(1, "a")), \(row(2, "b")), \(row(3, "c"))")
      try await site.sync()
      let names = try await site.names()
      try await site.sql(
        "UPDATE users u SET username = o.username, email = o.email FROM users o WHERE o.id = u.id % 3 + 1")
      try await site.sync()
      #expect(try await site.names() == names)
      for (key, name) in [(1, "b"), (2, "c"), (3, "a")] {
        #expect(try await site.value("sAMAccountName", of: key) == "\(name).\(site.name)")
        #expect(try await site.value("userPrincipalName", of: key) == "\(name)@example.\(site.name)")
      }
      try await site.expectAtRest()
    }
  }

  @Test func aPasswordIsRefusedWithoutTLSBeforeAnythingIsSent() async throws {
    let url = try await Servers.shared.url(of: .activeDirectory)
    var settings = ActiveDirectoryTests.settings
    settings.url = url
    try await withSite(settings) { site in
      try await site.insert(["ann"])
      let error = await #expect(throws: EngineError.self) { try await site.sync() }
      #expect(error?.description.contains("accepts passwords only over an encrypted connection") == true)
      #expect(error?.description.contains("starttls: true") == true)
      await #expect(throws: EngineError.self) { try await site.expectInStep() }
      #expect(try await site.names().isEmpty)
    }
    settings.directory = ["starttls: true"]
    try await withSite(settings) { site in
      try await site.insert(["ann"])
      try await site.sync()
      #expect(try await site.canLogIn(1))
    }
  }

  @Test func aPasswordThatIsTooWeakIsParkedAndMended() async throws {
    var settings = ActiveDirectoryTests.settings
    settings.schema += "ALTER TABLE users ADD first_password text;"
    settings.password = "first_password"
    try await withSite(settings) { site in
      try await site.insert(["ann"])
      try await site.sql("UPDATE users SET first_password = 'feeble'")
      try await site.sync()
      #expect(try await site.parked() == ["1|schema"])
      let message = try await site.sql("SELECT message FROM rollcall.parked")
      #expect(message.contains("password of ") && !message.contains("feeble"))
      // Nobody logs in with an account that has no password.
      #expect(try await site.value("userAccountControl", of: 1) == "546")
      try await site.sql("UPDATE users SET first_password = 'First-Pw-1'")
      try await site.sync()
      #expect(try await site.value("userAccountControl", of: 1) == "512")
      #expect(try await site.canLogIn(1))
      try await site.expectAtRest()
    }
  }

  @Test func everyOtherControlBitIsKept() async throws {
    try await withSite { site in
      try await site.insert(["ann"])
      try await site.sync()
      // DONT_EXPIRE_PASSWORD, by hand.
      try await site.server.modify(
        "dn: cn=Full ann,\(site.base)\nchangetype: modify\nreplace: userAccountControl\nuserAccountControl: 66048\n"
      )
      for (status, bits) in [("left", "66050"), ("active", "66048")] {
        try await site.sql("UPDATE users SET status = '\(status)'")
        try await site.sync()
        #expect(try await site.value("userAccountControl", of: 1) == bits)
        try await site.expectAtRest()
      }
    }
  }

  /// The domain's root refers to its other partitions; libldap would follow, as nobody.
  @Test func referralsAreLeftAlone() async throws {
    try await withSite { site in
      let configuration = site.configuration.directory
      let suffix = site.server.suffix
      let found = try await Reactor.run {
        let session = try await LDAPSession.open(LDAPOptions(configuration, url: configuration.urls[0].text))
        defer { session.close() }
        return try await session.search(
          base: DistinguishedName(unchecked: suffix), scope: .subtree,
          filter: .equal("objectClass", "organizationalUnit"), attributes: ["ou"])
      }
      #expect(found.contains { $0["ou"] == ["users"] })
    }
  }
}
