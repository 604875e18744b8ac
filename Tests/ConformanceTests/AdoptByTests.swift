import LDAPModel
import Reactor
import RollcallAdministration
import RollcallCore
import RollcallEngine
import Sandbox
import Testing

@testable import RollcallLedger

/// `users.adopt: { by: mail, below: DN }`, on each kind of server.
@Suite struct AdoptByTests {
  /// An entry that was made before Rollcall.
  private func byHand(_ site: Site, _ name: String, mail: String, in place: String) async throws {
    let kind = site.server.kind
    let classes = Profile.of(kind).classes.map { "objectClass: \($0)\n" }.joined()
    let rest = kind == .activeDirectory ? "sAMAccountName: \(name)-\(site.name)\n" : "cn: By hand\nsn: Hand\n"
    try await site.server.modify(
      "dn: \(site.naming)=\(name),\(place)\nchangetype: add\n\(classes)\(site.naming): \(name)\nmail: \(mail)\n"
        + "telephoneNumber: 123\n\(rest)")
  }

  private func settings(_ kind: DirectoryServerKind) -> SiteSettings {
    var settings = SiteSettings()
    // For one row it fails, which keeps nobody from an entry.
    settings.attributes =
      Profile.of(kind).attributes.filter { !$0.hasPrefix("mail:") }
      + ["mail: CASE WHEN email = 'bad@example.com' THEN (1 / (id - 6))::text ELSE email END"]
    settings.users = ["adopt: false"]
    return settings
  }

  /// What `plan` lists.
  private func planned(_ site: Site) async throws -> [Step] {
    let configuration = site.configuration
    return try await Reactor.run {
      let engine = try Engine(configuration, logger: Site.logger)
      defer { engine.close() }
      return try await Rehearsal(engine).run([]).plan.sequences.flatMap(\.steps)
    }
  }

  @Test(arguments: Servers.kinds)
  func whoIsFoundByTheAttributeAlone(_ kind: DirectoryServerKind) async throws {
    try await Servers.withSite(kind, settings(kind)) { plain in
      let old = "ou=old-\(plain.name),\(plain.server.usersBase)"
      try await plain.server.modify(
        "dn: \(old)\nchangetype: add\nobjectClass: organizationalUnit\nou: old-\(plain.name)\n")
      for (name, mail) in [("a.old", "ANN"), ("ben1", "ben"), ("ben2", "ben"), ("e.old", "eve"), ("far", "far")] {
        try await byHand(plain, name, mail: "\(mail)@example.com", in: old)
      }
      // As a move whose second step a crash has prevented leaves it.
      try await byHand(plain, "ida", mail: "ida@example.com", in: plain.base)
      let site = try plain.changed("adopt: false", to: "adopt: { by: mail, below: \"\(old)\" }")
      try await site.insert(["ann", "ben", "eve", "eva", "new", "bad", "ida"])
      try await site.sql("UPDATE users SET email = 'eve@example.com' WHERE username = 'eva'")

      let steps = try await planned(site)
      let dn = { (name: String) in "\(site.naming)=\(name),\(site.base)" }
      #expect(steps.filter { $0.key == "1" }.map(\.what) == [.move, .adopt])
      #expect(
        steps.first { $0.key == "1" }?.operation.dn.text.lowercased() == "\(site.naming)=a.old,\(old)".lowercased())
      #expect(steps.filter { $0.key == "7" }.map(\.what) == [.adopt])

      try await site.sync()
      for key in [1, 7] {
        let entry = try #require(try await site.entry(key))
        #expect(entry.dn.text.lowercased() == dn(key == 1 ? "ann" : "ida").lowercased())
        #expect(entry["telephoneNumber"] == ["123"])
      }
      #expect(try await site.entry(5) != nil)
      #expect(try await site.parked() == ["2|name-taken", "3|name-taken", "4|name-taken", "6|mapping"])
      let messages = try await site.sql("SELECT message FROM rollcall.parked ORDER BY key").split(separator: "\n")
      #expect(messages[0].contains("=ben1,") && messages[0].contains("=ben2,"))
      #expect(messages[1].contains("=e.old,") && messages[1].contains("person 4"))
      #expect(messages[2].contains("=e.old,") && messages[2].contains("person 3"))

      try await site.server.modify("dn: \(site.naming)=ben2,\(old)\nchangetype: delete\n")
      try await site.sql(
        "UPDATE users SET email = CASE username WHEN 'bad' THEN 'good' ELSE username END || '@example.com'")
      try await site.sync(full: true)
      #expect(try await site.parked() == [])
      #expect(try await site.namesByKey() == ["ann", "ben", "eve", "eva", "new", "bad", "ida"])
      #expect(try await [2, 3, 4].asyncMap { try await site.value("telephoneNumber", of: $0) } == ["123", "123", nil])
      // Nobody of the roster has its address.
      #expect(try await site.entries([site.naming], below: old).count == 1)
      try await site.expectAtRest()
    }
  }
}

extension [Int] {
  fileprivate func asyncMap<Value>(
    _ transform: (Int) async throws -> Value
  ) async throws -> [Value] {
    var result: [Value] = []
    for element in self { result.append(try await transform(element)) }
    return result
  }
}
