import Glibc
import LDAPModel
import Reactor
import Sandbox
import Testing

@testable import LDAP

@Suite struct LossTests {
  /// Changes of one entry each, as many as there may be on their way.
  private static func changes(_ count: Int, _ value: String) -> [LDAPModel.Operation] {
    (0..<count).map {
      .modify(personDN("u\($0)"), [Modification(.replace, "title", [AttributeValue(value)])])
    }
  }

  /// A session whose ou=users holds 300 people.
  @Reactor
  private static func open(_ options: LDAPOptions) async throws -> LDAPSession {
    let session = try await LDAPSession.open(options)
    for start in stride(from: 0, to: 300, by: 50) {
      for result in await session.outcomes((start..<start + 50).map { person("u\($0)") }) { try result.get() }
    }
    return session
  }

  private static func codes(_ results: [Result<Void, LDAPError>]) -> Set<ResultCode> {
    Set(results.map { if case .failure(let error) = $0 { error.code } else { .success } })
  }

  @Test func aKilledServerFailsEverythingOnTheWayOnce() async throws {
    try await withDirectory { server, _ in
      let session = try await LossTests.open(server.account)
      try await server.freeze()
      let end = Ending(session)
      async let results = session.outcomes(LossTests.changes(300, "x"))
      try await eventually("all to be on their way") { session.outstanding == 300 }
      try await server.kill()
      #expect(await LossTests.codes(results) == [.serverDown])
      #expect(await end.error.code == .serverDown)
      #expect(!session.isUsable && session.outstanding == 0)
    }
  }

  /// libldap on its own would connect again at the next request, unbound.
  @Test func aLostSessionNeverComesBack() async throws {
    try await withDirectory { server, _ in
      let session = try await LossTests.open(server.account)
      let end = Ending(session)
      try await server.restart()
      #expect(await end.error.description.hasSuffix("serverDown (-1): the server has closed the connection"))
      let results = await session.outcomes(LossTests.changes(3, "x"))
      #expect(LossTests.codes(results) == [.serverDown])
      let error = await failure { () throws(LDAPError) in
        try await session.search(base: users, scope: .oneLevel, filter: .present("uid"))
      }
      #expect(error.code == .serverDown)
      #expect(error.description.hasPrefix("search ou=users,dc=example,dc=com: serverDown (-1): "))
      #expect(await failure { () throws(LDAPError) in try await session.whoAmI() }.code == .serverDown)
      session.close()
    }
  }

  @Test func aFrozenServerMeetsTheDeadline() async throws {
    try await withDirectory { server, _ in
      var options = server.account
      options.operationTimeout = .milliseconds(400)
      try await LossTests.open(server.account).close()
      let session = try await LDAPSession.open(options)
      let end = Ending(session)
      try await server.freeze()
      let started = ContinuousClock.now
      let results = await session.outcomes(LossTests.changes(50, "x"))
      #expect(LossTests.codes(results) == [.timeout])
      #expect(ContinuousClock.now - started > .milliseconds(350))
      #expect(ContinuousClock.now - started < .seconds(20))
      #expect(await end.error.diagnostic.hasPrefix("no answer to modify uid="))
      await server.thaw()
    }
  }

  @Test func aLinkThatSwallowsMeetsTheDeadline() async throws {
    try await withDirectory { server, _ in
      let proxy = try await TCPProxy.start(to: server.port)
      var options = server.account
      options.url = "ldap://127.0.0.1:\(proxy.port)"
      options.operationTimeout = .milliseconds(400)
      let session = try await LDAPSession.open(options)
      await proxy.swallow()
      let started = ContinuousClock.now
      let error = await failure { () throws(LDAPError) in
        try await session.search(base: users, scope: .oneLevel, filter: .present("uid"))
      }
      #expect(error.code == .timeout && !session.isUsable)
      #expect(ContinuousClock.now - started < .seconds(20))
      await proxy.stop()
    }
  }

  /// A large search may take longer than the deadline, as long as entries come.
  @Test func aSearchThatBringsEntriesIsNotLate() async throws {
    await #expect(throws: Never.self) {
      try await Reactor.run {
        let progress = SearchProgress { _ in }
        let start = ContinuousClock.now
        let search = Pending(
          verb: .search, dn: "", outcome: .search(progress), deadline: start + .seconds(10))
        #expect(search.deadline(.seconds(10)) == start + .seconds(10))
        progress.heard = start + .seconds(8)
        #expect(search.deadline(.seconds(10)) == start + .seconds(18))
        progress.heard = start + .seconds(299)
        #expect(search.deadline(.seconds(10)) == start + .seconds(300), "no search lasts for ever")
      }
    }
  }

  @Test func aResetIsNoticedAtOnce() async throws {
    try await withDirectory { server, _ in
      let proxy = try await TCPProxy.start(to: server.port)
      var options = server.account
      options.url = "ldap://127.0.0.1:\(proxy.port)"
      let session = try await LDAPSession.open(options)
      let end = Ending(session)
      await proxy.cut()
      #expect(await end.error.diagnostic == "Connection reset by peer")
      await proxy.stop()
    }
  }

  @Test func slapdsIdleCloseIsNoticed() async throws {
    try await withDirectory(globalLines: ["idletimeout 1"]) { server, _ in
      let session = try await LDAPSession.open(server.account)
      let end = Ending(session)
      // slapd looks for idle connections when something else happens.
      let error = try await eventually("the idle session to end") {
        let other = try await LDAPSession.open(server.account)
        other.close()
        return end.found
      } is: {
        $0 != nil
      }
      #expect(error?.code == .serverDown && !session.isUsable)
    }
  }

  /// RFC 4511 section 4.4.1; slapd sends it when it cannot decode a request.
  @Test func aNoticeOfDisconnectionEndsTheSession() async throws {
    try await withDirectory { server, _ in
      let session = try await LDAPSession.open(server.account)
      let end = Ending(session)
      let descriptor = try #require(session.handle?.wire.descriptor)
      // An LDAPMessage with id 99 and the unknown request [APPLICATION 28].
      let garbage: [UInt8] = [0x30, 0x05, 0x02, 0x01, 0x63, 0x7C, 0x00]
      #expect(unsafe Glibc.send(descriptor, garbage, garbage.count, 0) == garbage.count)
      let error = await end.error
      #expect(error.code == .serverDown)
      #expect(error.diagnostic == "the server ends the session with protocolError (2): unknown LDAP request")
    }
  }

  /// slapd closes a connection with more than 1000 requests waiting; the window is the caller's business.
  @Test func aThousandPendingRequestsAreTooMany() async throws {
    try await withDirectory(globalLines: ["conn_max_pending_auth 100"]) { server, _ in
      let session = try await LossTests.open(server.account)
      try await server.freeze()
      let end = Ending(session)
      async let results = session.outcomes(LossTests.changes(300, "x"))
      try await eventually("all to be on their way") { session.outstanding == 300 }
      await server.thaw()
      let codes = await LossTests.codes(results)
      #expect(codes.contains(.serverDown) && codes.isSubset(of: [.success, .serverDown]))
      #expect(await end.error.code == .serverDown)
    }
  }

  @Test func closingFailsWhatIsOnItsWayAndTellsNobodyElse() async throws {
    try await withDirectory { server, _ in
      let session = try await LossTests.open(server.account)
      let end = Ending(session)
      try await server.freeze()
      async let results = session.outcomes(LossTests.changes(20, "x"))
      try await eventually("all to be on their way") { session.outstanding == 20 }
      session.close()
      #expect(await LossTests.codes(results) == [.userCancelled])
      #expect(end.found == nil)
      await server.thaw()
    }
  }

  @Test func aCompletionMayCloseTheSession() async throws {
    try await withDirectory { server, _ in
      let session = try await LossTests.open(server.account)
      let results = await withCheckedContinuation { continuation in
        var results: [ResultCode] = []
        for change in LossTests.changes(100, "x") {
          session.send(change) { result in
            results += LossTests.codes([result])
            session.close()
            if results.count == 100 { continuation.resume(returning: results) }
          }
        }
      }
      #expect(results.first == .success && results.last == .userCancelled)
    }
  }
}

/// Listens for the end of a session.
@Reactor
final class Ending {
  private(set) var found: LDAPError?
  private var waiting: CheckedContinuation<LDAPError, Never>?

  init(_ session: LDAPSession) {
    session.onClose = { error in
      #expect(self.found == nil, "onClose came twice")
      self.found = error
      self.waiting?.resume(returning: error)
    }
  }

  var error: LDAPError {
    get async {
      if let found { return found }
      return await withCheckedContinuation { waiting = $0 }
    }
  }
}
