import LDAP
import LDAPModel
import Reactor
import RollcallCore
import RollcallEngine
import Sandbox
import Testing

@testable import RollcallAdministration
@testable import RollcallConfiguration

/// What is learnt of a server when the connection is made.
@Suite struct RecognitionTests {
  @Test(arguments: Servers.kinds)
  func theServerSaysWhatItIs(_ kind: DirectoryServerKind) async throws {
    try await Servers.withSite(kind) { site in
      #expect(site.configuration.directory.kind == .auto)
      let first = try await RecognitionTests.learn(site)
      #expect(first.dialect.kind.rawValue == kind.rawValue)
      #expect(first.schema.unparsable == [])
      #expect(first.schema.attributeType("employeeNumber")?.equality == .caseIgnore)
      #expect(first.isEncrypted)
      // The base's own identity, in letters and digits: it is stored and compared as text.
      #expect(first.identity.count >= 32 && first.identity.allSatisfy { $0.isHexDigit || $0 == "-" })
      #expect(try await RecognitionTests.learn(site).identity == first.identity)
      // Another base is another directory.
      #expect(try await RecognitionTests.learn(site, base: site.server.usersBase).identity != first.identity)
    }
  }

  /// Rule 15: what a server has confirmed is compared with its clock later. For the others see the failover tests.
  @Test("Active Directory's own clock goes on with each write", .enabled(if: SambaDomain.obstacle == nil))
  func itsOwnClock() async throws {
    try await Servers.withSite(.activeDirectory) { site in
      let configuration = site.configuration
      @Sendable func clock() async throws -> ServerClock? {
        try await Reactor.run {
          let link = DirectoryLink(configuration.directory, base: configuration.users.base)
          try await link.connect()
          defer { link.close() }
          return link.facts?.clock
        }
      }
      let first = try #require(try await clock())
      #expect(first.kind == .committedUSN)
      try await site.insert(["ann"])
      try await site.sync()
      let second = try #require(try await clock())
      #expect(second.isBeyond(first) && first.standing(to: second) == .behind)
      // As the ledger stores it.
      #expect(ServerClock(second.description) == second)
    }
  }

  private static func learn(_ site: Site, base: String? = nil) async throws -> DirectoryFacts {
    let configuration = site.configuration
    return try await Reactor.run {
      let base = base.map { DistinguishedName(unchecked: $0) } ?? configuration.users.base
      let link = DirectoryLink(configuration.directory, base: base)
      try await link.connect()
      defer { link.close() }
      for lane in DirectoryLink.Lane.allCases {
        #expect(try link.session(lane).maximumMessageSize == link.facts?.dialect.messageLimit)
      }
      return try #require(link.facts)
    }
  }
}
