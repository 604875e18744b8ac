import LDAP
import LDAPModel
import RollcallEngine
import Sandbox
import Testing

/// `naming` changes in the file: people keep the values that their old names were made of, where they are wanted.
@Suite struct NamingChangeTests {
  @Test(arguments: Servers.kinds.filter { $0 != .activeDirectory })
  func peopleAreNamedByAnotherAttribute(_ kind: DirectoryServerKind) async throws {
    try await Servers.withSite(kind) { site in
      let byName = try site.changed("naming: uid", to: "naming: cn")
      try await site.insert(["ann", "b,en", "cid", "dan", "Eve"])
      try await byName.sync()
      #expect(
        try await site.relativeNames() == [
          "cn=Full Eve", "cn=Full ann", "cn=Full b\\,en", "cn=Full cid", "cn=Full dan",
        ])
      // One has both in its name, one a value that nothing maps; one is renamed besides, and one only by its case.
      try await site.rename("cn=Full cid", to: "cn=Full cid+uid=cid")
      try await site.rename("cn=Full dan", to: "cn=Full dan+description=by hand")
      try await site.sql(
        "UPDATE users SET full_name = 'Other', username = 'other' WHERE id = 1; "
          + "UPDATE users SET username = 'eve' WHERE id = 5")
      try await site.sync()
      #expect(try await site.parked() == [])
      #expect(try await site.relativeNames() == ["uid=b\\,en", "uid=cid", "uid=dan", "uid=eve", "uid=other"])
      let first = try #require(try await site.entry(1))
      #expect(first["cn"] == ["Other"] && first["uid"] == ["other"])
      #expect(try await site.entry(3)?["cn"] == ["Full cid"])
      #expect(try await site.entry(4)?["description"] == ["by hand"])
      try await site.expectAtRest()
      // And back, two of them with exchanged names.
      try await site.sql(
        "UPDATE users u SET full_name = o.full_name FROM users o WHERE u.id IN (2, 3) AND o.id = 5 - u.id")
      try await byName.sync()
      #expect(
        try await site.relativeNames() == ["cn=Full Eve", "cn=Full b\\,en", "cn=Full cid", "cn=Full dan", "cn=Other"])
      #expect(try await site.entry(2)?["cn"] == ["Full cid"])
      try await byName.expectAtRest()
    }
  }
}

extension Site {
  fileprivate func relativeNames() async throws -> [String] {
    try await entries(["employeeNumber"], .oneLevel, .present("employeeNumber"))
      .compactMap { $0.dn.first?.text }.sorted()
  }

  /// As an administrator does it, who keeps all values.
  fileprivate func rename(_ old: String, to new: String) async throws {
    try await server.modify("dn: \(old),\(base)\nchangetype: modrdn\nnewrdn: \(new)\ndeleteoldrdn: 0\n")
  }
}
