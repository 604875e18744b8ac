import LDAP
import LDAPModel
import Reactor
import Sandbox
import Testing

@Suite struct SearchingTests {
  /// Opens a session and fills ou=users with as many people.
  @Reactor
  private static func open(_ server: DirectoryServer, people: Int) async throws -> LDAPSession {
    let session = try await LDAPSession.open(server.admin)
    for start in stride(from: 0, to: people, by: 500) {
      let results = await session.outcomes((start..<min(start + 500, people)).map { person("u\($0)") })
      for result in results { try result.get() }
    }
    return session
  }

  @Reactor
  private static func everyone(_ session: LDAPSession) async throws -> [Entry] {
    try await session.search(base: users, scope: .oneLevel, filter: .present("uid"))
  }

  @Test func aPagedSearchSeesEveryEntryOnceWithBoundedPages() async throws {
    try await withDirectory { server, _ in
      let session = try await SearchingTests.open(server, people: 2500)
      var seen: [DistinguishedName] = []
      var largest = 0
      try await session.search(
        base: users, scope: .subtree, filter: .present("uid"), attributes: ["uid"], pageSize: 300
      ) { page in
        largest = max(largest, page.count)
        seen += page.map(\.dn)
        await Task.yield()
      }
      #expect(seen.count == 2500 && Set(seen).count == 2500 && largest == 300)
      #expect(session.outstanding == 0)
      session.close()
    }
  }

  /// Servers keep the place of one paged search a connection.
  @Test func twoPagedSearchesDoNotDisturbEachOther() async throws {
    try await withDirectory { server, _ in
      let session = try await SearchingTests.open(server, people: 100)
      @Reactor func count() async throws -> Int {
        var count = 0
        try await session.search(base: users, scope: .oneLevel, filter: .present("uid"), pageSize: 10) {
          page in
          count += page.count
          await Task.yield()
        }
        return count
      }
      async let first = count()
      async let second = count()
      #expect(try await [first, second] == [100, 100])
      session.close()
    }
  }

  @Test func whoLeavesAPagedSearchEarlyLeavesItUsable() async throws {
    try await withDirectory { server, _ in
      let session = try await SearchingTests.open(server, people: 50)
      await #expect(throws: Unexpected.self) {
        try await session.search(base: users, scope: .oneLevel, filter: .present("uid"), pageSize: 10) { _ in
          throw Unexpected()
        }
      }
      var count = 0
      try await session.search(base: users, scope: .oneLevel, filter: .present("uid"), pageSize: 10) {
        count += $0.count
      }
      #expect(count == 50)
      session.close()
    }
  }

  /// Part of a result must never look like all of it.
  @Test func aSizeLimitIsAnErrorHoweverManyCame() async throws {
    try await withDirectory(sizeLimit: 20) { server, _ in
      let admin = try await SearchingTests.open(server, people: 30)
      let session = try await LDAPSession.open(server.account)
      let byServer = await failure { () throws(LDAPError) in
        try await session.search(base: users, scope: .oneLevel, filter: .present("uid"))
      }
      #expect(byServer.code == .sizeLimitExceeded)
      let byClient = await failure { () throws(LDAPError) in
        try await admin.search(base: users, scope: .oneLevel, filter: .present("uid"), sizeLimit: 29)
      }
      #expect(byClient.code == .sizeLimitExceeded)
      #expect(
        try await admin.search(base: users, scope: .oneLevel, filter: .present("uid"), sizeLimit: 30).count
          == 30)
      var pages = 0
      do {
        try await session.search(base: users, scope: .oneLevel, filter: .present("uid"), pageSize: 7) { _ in
          pages += 1
        }
        Issue.record("a paged search got past the limit")
      } catch let error as LDAPError {
        #expect(error.code == .sizeLimitExceeded && pages > 0)
      }
      session.close()
      admin.close()
    }
  }

  @Test func aMissingBaseIsAnErrorNotAbsence() async throws {
    try await withDirectory { server, _ in
      let session = try await LDAPSession.open(server.account)
      let error = await failure { () throws(LDAPError) in
        try await session.search(base: "ou=typo,dc=example,dc=com", scope: .subtree, filter: .present("uid"))
      }
      #expect(error.code == .noSuchObject && error.matchedDN == "dc=example,dc=com")
      #expect(error.operation == "search ou=typo,dc=example,dc=com")
      session.close()
    }
  }

  @Test func referencesToOtherServersAreLeftOut() async throws {
    try await withDirectory { server, _ in
      let session = try await SearchingTests.open(server, people: 2)
      try await session.perform(
        .add(
          "ou=away,ou=users,dc=example,dc=com",
          [
            Attribute("objectClass", ["referral", "extensibleObject"]), Attribute("ou", ["away"]),
            Attribute("ref", [AttributeValue("\(server.url)/ou=groups,dc=example,dc=com")]),
          ]))
      #expect(
        try await session.search(base: users, scope: .oneLevel, filter: .present("objectClass")).count == 2)
      // Nobody follows it, although somebody would answer there.
      let error = await failure { () throws(LDAPError) in
        try await session.search(
          base: "ou=away,ou=users,dc=example,dc=com", scope: .base, filter: .present("objectClass"))
      }
      #expect(error.code == .referral)
      #expect(session.isUsable)
      session.close()
    }
  }

  @Test func aCancelledSearchIsAbandoned() async throws {
    try await withDirectory { server, _ in
      let session = try await SearchingTests.open(server, people: 10)
      let search = Task(executorPreference: Reactor.loop) { try await SearchingTests.everyone(session) }
      search.cancel()
      await #expect(throws: LDAPError.self) { try await search.value }
      #expect(session.outstanding == 0)
      // Its late answer, if any, is thrown away.
      #expect(try await session.search(base: users, scope: .oneLevel, filter: .present("uid")).count == 10)
      session.close()
    }
  }

  @Test func attributesAreReadAsAskedFor() async throws {
    try await withDirectory { server, _ in
      let session = try await SearchingTests.open(server, people: 1)
      func names(_ attributes: [String]) async throws -> Set<String> {
        let found = try await session.search(
          base: personDN("u0"), scope: .base, filter: .present("uid"), attributes: attributes)
        return Set(found.flatMap { $0.attributes.map(\.name) })
      }
      #expect(try await names([]) == ["objectClass", "uid", "cn", "sn"])
      #expect(try await names(["1.1"]).isEmpty)
      #expect(try await names(["sn", "entryUUID"]) == ["sn", "entryUUID"])
      session.close()
    }
  }

  @Test func aFilterOfEveryKindArrives() async throws {
    try await withDirectory { server, _ in
      let session = try await SearchingTests.open(server, people: 40)
      let terms = (0..<64).map { Filter.equal("uid", AttributeValue("u\($0)")) }
      #expect(try await session.search(base: users, scope: .oneLevel, filter: .or(terms)).count == 40)
      let none = Filter.and([
        .present("uid"), .not(.equal("uid", AttributeValue(bytes: [0, 42, 40, 41, 92]))),
      ])
      #expect(try await session.search(base: users, scope: .oneLevel, filter: none).count == 40)
      #expect(try await session.search(base: users, scope: .oneLevel, filter: .or([])).isEmpty)
      session.close()
    }
  }
}
