import LDAPModel
import RollcallAdministration
import RollcallEngine
import Sandbox
import Testing

@testable import RollcallLedger

/// Classes that an entry has while a condition of its row is true, on each kind of server.
@Suite struct ConditionalClassTests {
  /// A class that the server knows, with an attribute that is mapped and one that is not.
  private struct Example {
    let name: String
    let mapping: [String]
    let mapped: String
    let byHand: String

    static func of(_ kind: DirectoryServerKind) -> Example {
      if kind == .activeDirectory {
        return Example(
          name: "bootableDevice", mapping: ["bootFile: \"'unix-' || unix_id::int\""], mapped: "bootFile",
          byHand: "bootParameter")
      }
      return Example(
        name: "posixAccount",
        mapping: [
          "uidNumber: NULLIF(unix_id::int, 0)", "gidNumber: \"'100'\"", "homeDirectory: \"'/home/' || username\"",
        ],
        mapped: "uidNumber", byHand: "gecos")
    }
  }

  private func settings(_ kind: DirectoryServerKind) -> SiteSettings {
    let example = Example.of(kind)
    var settings = SiteSettings()
    settings.schema += "\nALTER TABLE users ADD unix_id text;"
    settings.classes = ["{ \(example.name): \"unix_id IS NOT NULL\" }"]
    settings.attributes = Profile.of(kind).attributes + example.mapping
    if kind != .activeDirectory { settings.users = ["create_only: { loginShell: \"'/bin/bash'\" }"] }
    return settings
  }

  @Test(arguments: Servers.kinds)
  func aClassComesAndGoes(_ kind: DirectoryServerKind) async throws {
    let example = Example.of(kind)
    try await Servers.withSite(kind, settings(kind)) { site in
      func has(_ key: Int) async throws -> Bool {
        let entry = try #require(try await site.entry(key))
        let isMember = entry["objectClass"].contains(AttributeValue(example.name))
        #expect(isMember == !entry[example.mapped].isEmpty)
        if kind != .activeDirectory { #expect(isMember == (entry["loginShell"] == ["/bin/bash"])) }
        return isMember
      }
      try await site.insert(["ann", "ben", "eve"])
      try await site.sql("UPDATE users SET unix_id = '5001' WHERE id = 1")
      try await site.sync()
      #expect(try await [has(1), has(2), has(3)] == [true, false, false])
      try await site.expectAtRest()

      let last = try await site.sql("SELECT max(id) FROM rollcall.journal")
      // In one modify each, with everything else that changes.
      try await site.sql("UPDATE users SET unix_id = CASE id WHEN 2 THEN '5002' END, email = 'other@example.com'")
      try await site.sync()
      #expect(try await [has(1), has(2), has(3)] == [false, true, false])
      let counts = try await site.sql(
        "SELECT count(*) FROM rollcall.journal WHERE id > \(last) AND key IN ('1', '2') GROUP BY key ORDER BY key")
      // Samba takes the attributes of a modify before its classes, so that new ones go in parts.
      #expect(counts == (kind == .activeDirectory ? "1\n3" : "1\n1"))
      try await site.expectAtRest()
      try await byHand(site, example)

      // The condition is an expression like others: where it fails, the person is parked.
      try await site.sql("UPDATE users SET unix_id = '0' WHERE id = 1; UPDATE users SET unix_id = 'x' WHERE id = 3")
      try await site.sync()
      #expect(try await site.parked() == (kind == .activeDirectory ? ["3|mapping"] : ["1|schema", "3|mapping"]))
      try await site.sql("UPDATE users SET unix_id = NULL")
      try await site.sync()
      try await site.expectAtRest()
    }
  }

  /// What somebody has set by hand keeps the class; everything else is written.
  private func byHand(_ site: Site, _ example: Example) async throws {
    let dn = try #require(try await site.entry(2)?.dn.text)
    try await site.server.modify("dn: \(dn)\nchangetype: modify\nadd: \(example.byHand)\n\(example.byHand): by hand\n")
    try await site.sql("UPDATE users SET unix_id = NULL, email = 'new@example.com' WHERE id = 2")
    try await site.sync()
    #expect(try await site.parked() == ["2|schema"])
    #expect(try await site.sql("SELECT message FROM rollcall.parked").contains("\(example.byHand) was set by hand"))
    let entry = try #require(try await site.entry(2))
    #expect(entry["objectClass"].contains(AttributeValue(example.name)) && !entry[example.mapped].isEmpty)
    #expect(entry[example.byHand] == ["by hand"] && entry["mail"] == ["new@example.com"])
    #expect(try await site.sync(full: true).applied == 0)
    try await site.server.modify("dn: \(dn)\nchangetype: modify\ndelete: \(example.byHand)\n")
    try await site.sync(full: true)
    #expect(try await site.parked() == [])
    #expect(try await site.entry(2)?["objectClass"].contains(AttributeValue(example.name)) == false)
    try await site.expectAtRest()
  }
}
