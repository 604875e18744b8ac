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
