import LDAP
import LDAPModel
import RollcallEngine
import Sandbox
import Testing

/// Entries live in the containers that their rows name, on every kind of server.
@Suite struct ContainersTests {
  @Test(arguments: Servers.kinds)
  func containersAreMadeAndMovedTo(_ kind: DirectoryServerKind) async throws {
    var settings = SiteSettings()
    settings.schema += "ALTER TABLE users ADD department text;"
    settings.users = ["container: [{ ou: department }]"]
    try await Servers.withSite(kind, settings) { site in
      try await site.insert(["ann", "ben", "cid"])
      let awkward = ["R, D", " #1 \"lead\"", "a=b+c;\\<d>"]
      for (index, name) in awkward.enumerated() {
        try await site.sql("UPDATE users SET department = $n$\(name)$n$ WHERE id = \(index + 1)")
      }
      try await site.withDaemon {
        try await eventually("all are in theirs") {
          try await site.places()
        } is: {
          $0 == awkward
        }
        for key in 1...3 { try await eventually("all can log in") { try await site.canLogIn(key) } }
        try await site.expectInStep()
        try await site.sql(
          """
          UPDATE users SET department = (SELECT department FROM users WHERE id = 2), username = 'anna' WHERE id = 1;
          UPDATE users SET department = NULL WHERE id = 3;
          """)
        try await eventually("two have moved") {
          try await site.places()
        } is: {
          $0 == [awkward[1], awkward[1], nil]
        }
        #expect(try await site.canLogIn(1))
      }
      try await site.expectAtRest()
      // Who is gone leaves its container behind.
      try await site.sql("DELETE FROM users")
      try await site.sync()
      #expect(try await site.places() == [])
      #expect(try await site.entries(["ou"]).compactMap { $0["ou"].first?.text }.sorted() == awkward.sorted())
      try await site.expectAtRest()
    }
  }
}

extension ContainersTests {
  private static func settings(_ levels: String) -> SiteSettings {
    var settings = SiteSettings()
    settings.schema += "ALTER TABLE users ADD department text, ADD team text;"
    settings.users = ["container: [\(levels)]"]
    return settings
  }

  /// Not only for somebody new: Active Directory says something else of a move.
  @Test(arguments: Servers.kinds)
  func aMoveMakesWhatIsMissing(_ kind: DirectoryServerKind) async throws {
    try await Servers.withSite(kind, ContainersTests.settings("{ ou: team }, { ou: department }")) { site in
      try await site.insert(["ann", "ben", "cid"])
      try await site.sql("UPDATE users SET department = 'Sales'")
      try await site.sync()
      try await site.sql("UPDATE users SET department = 'Labs' WHERE id = 1")
      try await site.sql("UPDATE users SET department = 'Plant', team = 'Paint', username = 'benno' WHERE id = 2")
      try await site.sql("UPDATE users SET team = 'North' WHERE id = 3")
      try await site.sync()
      #expect(try await site.parked() == [])
      #expect(try await site.places() == ["Labs", "Paint", "North"])
      #expect(try await site.value(site.naming, of: 2) == "benno")
      try await site.expectAtRest()
      // Two that exchange names on the way to containers that are not there.
      try await site.sql(
        """
        UPDATE users SET team = 'New ' || id, department = 'D' || id,
          username = CASE id WHEN 1 THEN 'benno' ELSE 'ann' END WHERE id IN (1, 2)
        """)
      try await site.sync()
      #expect(try await site.parked() == [])
      #expect(try await site.places() == ["New 1", "New 2", "North"])
      try await site.expectAtRest()
    }
  }

  /// What nobody knows how to make is made by hand; the first who finds it there tells the others.
  @Test(arguments: Servers.kinds)
  func whoMissesAContainerThatOthersMakeIsTriedAgain(_ kind: DirectoryServerKind) async throws {
    // Active Directory has organizations only in few places.
    let isAD = kind == .activeDirectory
    let levels = isAD ? "{ o: department }, { l: \"'Here'\" }" : "{ description: department }"
    let make = { @Sendable (site: Site, name: String) in
      try await site.server.modify(
        isAD
          ? "dn: o=\(name),l=Here,\(site.base)\nchangetype: add\nobjectClass: organization\no: \(name)\n"
          : "dn: description=\(name),\(site.base)\nchangetype: add\nobjectClass: device\ncn: X\ndescription: \(name)\n")
    }
    try await Servers.withSite(kind, ContainersTests.settings(levels)) { site in
      if isAD {
        try await site.server.modify("dn: l=Here,\(site.base)\nchangetype: add\nobjectClass: locality\nl: Here\n")
      }
      try await make(site, "Sales")
      try await site.insert(["ann", "ben"])
      try await site.sql("UPDATE users SET department = 'Sales'")
      try await site.sync()
      #expect(try await site.places() == ["Sales", "Sales"])
      try await site.withDaemon {
        try await site.sql("UPDATE users SET department = 'Labs'")
        try await eventually("both are parked") { try await site.parked().count == 2 }
        let message = try await site.sql("SELECT message FROM rollcall.parked LIMIT 1")
        #expect(message.contains("\(isAD ? "o" : "description")=Labs") && message.contains("by hand"))
        #expect(try await site.sql("SELECT count(*) FROM rollcall.parked WHERE next_at IS NULL") == "0")
        // The second would wait for long.
        try await site.sql("UPDATE rollcall.parked SET next_at = now() + interval '1 day' WHERE key = '2'")
        try await make(site, "Labs")
        try await eventually(within: .seconds(60), "both have moved") { try await site.places() == ["Labs", "Labs"] }
        try await eventually("nobody is parked") { try await site.parked().isEmpty }
      }
      try await site.expectAtRest()
    }
  }
}

extension Site {
  /// Where each person lives, in the order of their keys: the container's name, nil for the base itself.
  fileprivate func places() async throws -> [String?] {
    let found = try await entries(["employeeNumber"], .subtree, .present("employeeNumber"))
    return found.sorted { $0["employeeNumber"][0].text ?? "" < $1["employeeNumber"][0].text ?? "" }.map { entry in
      guard let container = entry.dn.parent, container.text.lowercased() != base.lowercased() else { return nil }
      return container.first?.parts.first?.value.text
    }
  }
}
