import LDAPModel
import Reactor
import RollcallCore
import RollcallEngine
import Sandbox
import Testing

@testable import RollcallConfiguration

/// A directory that is broken or lies costs nobody an entry, writes nothing elsewhere, and is not asked for ever.
@Suite struct LyingDirectoryTests {
  /// A site whose directory is reached through a server that lies when it is told to, with people in step.
  private func lied(to people: [String] = ["ann", "ben", "cid"]) async throws -> (Site, LyingServer) {
    let world = try await World.shared
    let liar = try await LyingServer.start(before: world.directory.port)
    var settings = SiteSettings()
    settings.directoryPort = liar.port
    settings.directory = "timeout: 2s"
    let site = try await world.site(settings)
    try await site.insert(people)
    try await site.sync()
    return (site, liar)
  }

  struct Mode: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let answer: @Sendable (LDAPRequest) -> LyingServer.Answer

    init(_ name: String, _ answer: @escaping @Sendable (LDAPRequest) -> LyingServer.Answer) {
      testDescription = name
      self.answer = answer
    }
  }

  /// What the look-ups of people get.
  static let modes = [
    Mode("another kind") { .send(LDAPOctets.result($0.id, tag: 0x69)) },
    Mode("a code of our own for 'not sent'") { .send(LDAPOctets.result($0.id, tag: 0x65, code: -3)) },
    Mode("garbage") { _ in .send(Array("HTTP/1.1 200 OK\r\n\r\n".utf8)) },
    Mode("half an entry") { .sendAndClose(LDAPOctets.entry($0.id, "uid=ann").dropLast(2).map(\.self)) },
    Mode("a huge length") { _ in .send([0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF]) },
    Mode("a notice") { _ in .send(LDAPOctets.notice(diagnostic: "going down")) },
    Mode("a referral") {
      .send(
        LDAPOctets.result(
          $0.id, tag: 0x65, code: 10, more: LDAPOctets.element(0xA3, LDAPOctets.text("ldap://127.0.0.1:9/"))))
    },
    Mode("busy") { .send(LDAPOctets.result($0.id, tag: 0x65, code: 51)) },
    Mode("no such object") { .send(LDAPOctets.result($0.id, tag: 0x65, code: 32)) },
    Mode("invalid name") { .send(LDAPOctets.result($0.id, tag: 0x65, code: 34)) },
    Mode("a limit") { .send(LDAPOctets.result($0.id, tag: 0x65, code: 4)) },
    Mode("an end without the page's control") { .send(LDAPOctets.result($0.id, tag: 0x65)) },
    Mode("the end of the pages at once") { .send(LDAPOctets.page($0.id, cookie: [])) },
    Mode("silence") { _ in .silence },
  ]

  @Test(arguments: modes)
  func nobodyGoes(_ mode: Mode) async throws {
    let (site, liar) = try await lied()
    defer { liar.stop() }
    let (deletes, changes) = (liar.count(.delete), liar.count(.modify) + liar.count(.rename))
    liar.lie { request in
      request.kind == .search && request.scope == 2 && request.mentions("employeeNumber")
        ? mode.answer(request) : .truth
    }
    _ = try? await site.sync(full: true)
    #expect(liar.count(.delete) == deletes)
    #expect(liar.count(.modify) + liar.count(.rename) == changes)
    #expect(try await site.names() == ["ann", "ben", "cid"])
    liar.lie { _ in .truth }
    try await site.sync(full: true)
    try await site.expectInStep()
  }

  /// An entry that the server puts outside the base is nobody's, whatever link it carries.
  @Test func whatLiesElsewhereIsNotWrittenTo() async throws {
    let (site, liar) = try await lied()
    defer { liar.stop() }
    let victim = "cn=victim-\(site.name),dc=example,dc=com"
    try await site.directory.modify(
      "dn: \(victim)\nchangetype: add\nobjectClass: inetOrgPerson\ncn: victim-\(site.name)\nsn: Victim\n")
    for name in [victim, "", site.directory.adminDN] {
      liar.lie { request in
        guard request.kind == .search, request.scope == 2, request.mentions("employeeNumber") else { return .truth }
        return .altered { message in
          guard message.first == 0x30, LDAPOctets.operation(of: message) == 0x65 else { return message }
          return LDAPOctets.entry(
            request.id, name, [("employeeNumber", ["4"]), ("uid", ["victim"]), ("objectClass", ["inetOrgPerson"])])
            + message
        }
      }
      try await site.sql("INSERT INTO users VALUES (4, 'dan', 'd@example.com', 'Dan D', 'active', now())")
      try await site.sync(full: true)
      #expect(try await site.names() == ["ann", "ben", "cid", "dan"])
      try await site.sql("DELETE FROM users WHERE id = 4")
      try await site.sync(full: true)
      #expect(try await site.names() == ["ann", "ben", "cid"])
    }
    #expect(try await site.search(victim)?["cn"].first?.text == "victim-\(site.name)")
    #expect(try await site.search(victim)?["employeeNumber"].isEmpty == true)
  }

  /// Pages that lead nowhere are an error, with pauses that grow; then all goes on.
  @Test(arguments: ["empty", "again"])
  func pagesWithoutEndAreNotAskedForForEver(_ kind: String) async throws {
    let (site, liar) = try await lied()
    defer { liar.stop() }
    try await site.withDaemon { daemon in
      liar.lie { request in
        guard request.kind == .search, request.isPaged else { return .truth }
        let entry = LDAPOctets.entry(request.id, "uid=ann,\(site.base)", [("employeeNumber", ["1"])])
        return .send((kind == "again" ? entry : []) + LDAPOctets.page(request.id, cookie: [7]))
      }
      let before = liar.count(.search)
      let start = ContinuousClock.now
      try await site.sql(
        "INSERT INTO rollcall.request (directory, kind) VALUES ('\(site.name)', 'full'); NOTIFY rollcall, '{\"request\":\"\(site.name)\"}'"
      )
      try await eventually(within: .seconds(60), "it is said") {
        try await daemon.statusText().contains("breaks the protocol")
      }
      let seconds = max(1, (ContinuousClock.now - start) / .seconds(1))
      #expect(Double(liar.count(.search) - before) / seconds < 200)
      liar.lie { _ in .truth }
      try await site.sql("INSERT INTO users VALUES (4, 'dan', 'd@example.com', 'Dan D', 'active', now())")
      try await eventually(within: .seconds(60), "it goes on") {
        try await site.names() == ["ann", "ben", "cid", "dan"]
      }
    }
    try await site.expectInStep()
  }

  /// Where one server lies, the next in the list is worked with.
  @Test func anotherServerWorks() async throws {
    let (site, liar) = try await lied()
    defer { liar.stop() }
    liar.lie { request in
      request.kind == .search && request.scope == 0 ? .send(LDAPOctets.result(request.id, tag: 0x69)) : .truth
    }
    var configuration = site.configuration
    configuration.directory.urls.append(try DirectoryURL(parsing: site.directory.url))
    let both = Site(site.name, site.base, configuration, site.yaml, site.postgres, site.directory)
    try await site.sql("INSERT INTO users VALUES (4, 'dan', 'd@example.com', 'Dan D', 'active', now())")
    try await both.sync()
    #expect(try await site.names() == ["ann", "ben", "cid", "dan"])
  }
}
