import LDAP
import LDAPModel
import Reactor
import RollcallCore
import Sandbox
import Testing

@testable import RollcallEngine

/// Servers that refuse a DN which is nobody's (Active Directory does, and slapd with the overlay constraint) while the
/// entries that are named change.
@Suite struct RefusedReferenceTests {
  /// slapd takes only DNs of entries without this mark.
  private static let mark = "hidden"

  private static func server(in folder: TemporaryFolder) async throws -> DirectoryServer {
    var options = OpenLDAPOptions()
    options.durable = false
    options.globalLines = ["moduleload constraint"]
    options.databaseLines = [
      "overlay constraint",
      "constraint_attribute manager uri ldap:///ou=users,\(options.suffix)?entryDN?sub?(!(description=\(mark)))",
    ]
    return try await DirectoryServer.start(in: folder, options: options)
  }

  private static func settings() -> SiteSettings {
    var settings = SiteSettings()
    settings.schema += "; ALTER TABLE users ADD manager_id bigint"
    settings.users += "\n  references: { manager: manager_id }"
    return settings
  }

  /// A name that has changed since it was read is refused with 19, and read again.
  @Test("whoever is named by a DN that has just changed is found by the new one, and nobody is parked")
  func renamedMeanwhile() async throws {
    try await TemporaryFolder.with { folder in
      let server = try await Self.server(in: folder)
      let tap = try LDAPTap(to: server.port)
      defer { tap.stop() }
      var settings = Self.settings()
      settings.directoryURLs = ["ldap://127.0.0.1:\(tap.port)"]
      settings.directory = "timeout: 60s"
      let site = try await World.shared.site(settings, at: server)
      try await site.insert(["ann", "ben"])
      try await site.withDaemon { _ in
        try await eventually("both are there") { try await site.names() == ["ann", "ben"] }
        tap.arm(.held(1))
        try await site.sql("UPDATE users SET manager_id = 2 WHERE id = 1")
        try await eventually("the write is held up") { tap.isReached }
        try await server.modify("dn: uid=ben,\(site.base)\nchangetype: modrdn\nnewrdn: uid=bob\ndeleteoldrdn: 1\n")
        tap.release()
        try await eventually("ann has bob") { try await site.value("manager", of: "1") == "uid=bob,\(site.base)" }
      }
      #expect(try await site.sql("SELECT count(*) FROM rollcall.journal WHERE action = 'park'") == "0")
      #expect(try await site.sql("SELECT count(*) FROM rollcall.parked") == "0")
      // A comparison gives ben his name back.
      try await site.sync(full: true)
      #expect(try await site.value("manager", of: "1") == "uid=ben,\(site.base)")
      try await site.expectInStep()
      await server.stop()
    }
  }

  @Test("one that the server goes on refusing is parked for a while, and tried again by itself")
  func refusedForAWhile() async throws {
    try await TemporaryFolder.with { folder in
      let server = try await Self.server(in: folder)
      let site = try await World.shared.site(Self.settings(), at: server)
      try await site.insert(["ann", "ben"])
      try await site.sync()
      let ben = "dn: uid=ben,\(site.base)\nchangetype: modify\n"
      try await server.modify("\(ben)add: description\ndescription: \(Self.mark)\n")
      try await site.sql("UPDATE users SET manager_id = 2 WHERE id = 1")
      try await site.sync()
      let parked = try await site.sql("SELECT key, reason, code, next_at IS NOT NULL FROM rollcall.parked")
      #expect(parked == "1|schema|19|t")
      try await server.modify("\(ben)delete: description\n")
      try await site.withDaemon(compared: false) { _ in
        try await eventually("ann has ben") { try await site.value("manager", of: "1") == "uid=ben,\(site.base)" }
      }
      #expect(try await site.sql("SELECT count(*) FROM rollcall.parked") == "0")
      try await site.expectInStep()
      await server.stop()
    }
  }

  @Test(
    "either code that Active Directory has for it is looked at again, and then tried again later",
    arguments: [ResultCode.constraintViolation, .noSuchObject])
  func eitherCode(_ code: ResultCode) async throws {
    let site = try await World.shared.site(Self.settings())
    try await site.withDaemon { daemon in
      let operation = Operation.modify(
        DistinguishedName(unchecked: "uid=ann,\(site.base)"),
        [Modification(.add, "manager", [AttributeValue("uid=ben,\(site.base)")])])
      try await Reactor.run {
        let worker = try #require(daemon.daemon.engine.dispatcher.worker)
        let step = Step(key: "1", operation: operation, what: .update)
        let error = LDAPError(code: code, operation: "modify")
        guard case .again = worker.verdict(error, step, isLast: false) else {
          Issue.record("it is not looked at again")
          return
        }
        guard case .verdict(.parked(_, attempts: 1, retryAfter: .some)) = worker.verdict(error, step, isLast: true)
        else {
          Issue.record("it is not tried again later")
          return
        }
      }
    }
  }
}
