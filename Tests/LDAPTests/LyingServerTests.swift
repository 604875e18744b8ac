import Foundation
import LDAPModel
import Reactor
import Sandbox
import Testing

@testable import LDAP

/// A server that is broken or lies gets an error that says so, within its deadline and in little memory.
@Suite(.serialized) struct LyingServerTests {
  private static func options(_ server: LyingServer) -> LDAPOptions {
    var options = LDAPOptions(url: server.url)
    options.bind = .simple(dn: "cn=rollcall,dc=example,dc=com", password: BindPassword("secret"))
    options.operationTimeout = .milliseconds(500)
    options.largestAnswer = 4 << 20
    return options
  }

  @Reactor
  private static func ask(_ question: LyingMode.Question, _ session: LDAPSession) async throws {
    switch question {
    case .search:
      _ = try await session.search(base: users, scope: .subtree, filter: .present("employeeNumber"))
    case .page:
      try await session.search(base: users, scope: .subtree, filter: .present("employeeNumber"), pageSize: 100) { _ in }
    case .write: try await session.perform(person("x"))
    case .identity: _ = try await session.whoAmI()
    }
  }

  /// Resident memory in octets.
  private static var resident: Int {
    let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ")[1]
    return (pages.flatMap { Int($0) } ?? 0) * sysconf(Int32(_SC_PAGESIZE))
  }

  @Test(arguments: LyingMode.all)
  func itIsSaid(_ mode: LyingMode) async throws {
    let server = try await LyingServer.start { request in
      request.kind == .bind ? .truth : mode.answer(request)
    }
    defer { server.stop() }
    try await Reactor.run {
      var options = Self.options(server)
      // Only who says nothing is waited for in vain; all else ends by itself, however slowly it comes.
      if mode.said != LyingMode.mute { options.operationTimeout = .seconds(15) }
      let session = try await LDAPSession.open(options)
      let (started, before) = (ContinuousClock.now, Self.resident)
      var text: String?
      do { try await Self.ask(mode.question, session) } catch { text = "\(error)" }
      #expect(ContinuousClock.now - started < .seconds(30))
      #expect(Self.resident - before < 200 << 20)
      if let said = mode.said {
        #expect(text?.contains(said) == true, "\(text ?? "no error")")
        #expect((text?.utf8.count ?? 0) < 2000)
      } else {
        #expect(text == nil)
        #expect(session.isUsable)
      }
      session.close()
    }
    #expect(server.count(.search) < 50, "it is not asked for ever")
  }

  /// While a session with a liar waits, sessions with others work.
  @Test func othersGoOn() async throws {
    let flood = [UInt8]((0..<2000).flatMap { LDAPOctets.result(100_000 + $0, tag: 0x65) })
    let server = try await LyingServer.start { $0.kind == .bind ? .truth : .stream { _ in flood } }
    defer { server.stop() }
    try await withDirectory { honest, _ in
      var options = Self.options(server)
      options.operationTimeout = .seconds(3)
      options.largestAnswer = 1 << 30
      let liar = try await LDAPSession.open(options)
      let waiting = Task { @Reactor in try? await Self.ask(.search, liar) }
      let session = try await LDAPSession.open(honest.account)
      for number in 0..<20 { try await session.perform(person("u\(number)")) }
      let found = try await session.search(base: users, scope: .oneLevel, filter: .present("uid"))
      #expect(found.count == 20)
      session.close()
      liar.close()
      await waiting.value
    }
  }

  /// A result for a search that was given up does not end anything, and does not answer the next.
  @Test func answersToAbandonedSearchesAreDropped() async throws {
    let server = try await LyingServer.start { request in
      guard request.kind == .search else { return .truth }
      // The first is never answered; the second brings the first one's answer along.
      if request.mentions("first") { return .silence }
      let late = LDAPOctets.entry(request.id - 2, "uid=late," + LyingMode.base)
      return .send(
        late + LDAPOctets.result(request.id - 2, tag: 0x65) + LDAPOctets.entry(request.id, "uid=own," + LyingMode.base)
          + LDAPOctets.result(request.id, tag: 0x65))
    }
    defer { server.stop() }
    try await Reactor.run {
      let session = try await LDAPSession.open(Self.options(server))
      let first = Task { @Reactor in
        try? await session.search(base: users, scope: .subtree, filter: .equal("uid", "first"))
      }
      try await eventually("the search to have come") { server.count(.search) == 1 }
      first.cancel()
      _ = await first.value
      let found = try await session.search(base: users, scope: .subtree, filter: .equal("uid", "second"))
      #expect(found.map(\.dn.text) == ["uid=own," + LyingMode.base])
      session.close()
    }
  }

  /// Names that a search cannot bring are left out and told; what is all right stays.
  @Test(arguments: [
    "", "dc=example,dc=com", "cn=admin,dc=example,dc=com", "uid=x,ou=groups,dc=example,dc=com", "no name at all",
    "uid=x\\,ou=users,dc=example,dc=com", "uid=x,ou=users,dc=example,dc=org", "uid=x,ou=users", "=",
    "uid=x,xou=users,dc=example,dc=com",
  ])
  func strangersAreLeftOut(_ name: String) async throws {
    let server = try await LyingServer.start { request in
      guard request.kind == .search else { return .truth }
      return .send(
        LDAPOctets.entry(request.id, "UID=a,OU=Users, DC=Example,DC=com") + LDAPOctets.entry(request.id, name)
          + LDAPOctets.entry(request.id, "uid=b,ou=users,dc=example,dc=com") + LDAPOctets.result(request.id, tag: 0x65))
    }
    defer { server.stop() }
    try await Reactor.run {
      let session = try await LDAPSession.open(Self.options(server))
      var told: [String] = []
      session.onStranger = { told.append($0.text) }
      let found = try await session.search(base: users, scope: .subtree, filter: .present("uid"))
      #expect(found.map { $0.dn.first?.parts.first?.value.text } == ["a", "b"])
      #expect(told == [name])
      session.close()
    }
  }

  /// A name that is not UTF-8, repaired, would be another entry's.
  @Test func aNameThatIsNoTextIsLeftOut() async throws {
    let server = try await LyingServer.start { request in
      guard request.kind == .search else { return .truth }
      let name = LDAPOctets.element(0x04, [0x75, 0x69, 0x64, 0x3D, 0xE9] + Array(",\(LyingMode.base)".utf8))
      return .send(
        LDAPOctets.message(request.id, LDAPOctets.element(0x64, name + [0x30, 0x00]))
          + LDAPOctets.result(request.id, tag: 0x65))
    }
    defer { server.stop() }
    try await Reactor.run {
      let session = try await LDAPSession.open(Self.options(server))
      let found = try await session.search(base: users, scope: .subtree, filter: .present("uid"))
      #expect(found.isEmpty && session.isUsable)
      session.close()
    }
  }

  @Test(arguments: [0x65, 0x61])
  func anAnswerToStartTLSOfAnotherKindIsNone(_ tag: UInt8) async throws {
    let server = try await LyingServer.start { .send(LDAPOctets.result($0.id, tag: tag)) }
    defer { server.stop() }
    var options = Self.options(server)
    options.startTLS = true
    let chosen = options
    let error = await failure { () throws(LDAPError) in try await LDAPSession.open(chosen) }
    #expect(error.diagnostic.contains("its answer to StartTLS is of another kind"), "\(error)")
  }

  /// What is sent in clear behind the answer to StartTLS is not believed.
  @Test func nothingIsTakenFromBeforeTheHandshake() async throws {
    let server = try await LyingServer.start { request in
      .send(LDAPOctets.result(request.id, tag: 0x78) + LDAPOctets.result(request.id + 1, tag: 0x61))
    }
    defer { server.stop() }
    var options = Self.options(server)
    options.startTLS = true
    options.verify = false
    options.connectTimeout = .seconds(1)
    let chosen = options
    let error = await failure { () throws(LDAPError) in try await LDAPSession.open(chosen) }
    #expect([.connectError, .timeout, .decodingError].contains(error.code), "\(error)")
  }
}
