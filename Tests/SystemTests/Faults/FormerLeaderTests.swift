import LDAPModel
import Reactor
import RollcallCore
import Testing

@testable import RollcallEngine
@testable import RollcallLedger

/// A process that was stopped for a while and has a successor.
@Suite struct FormerLeaderTests {
  @Test("G10: what it found before is recorded no more, and it deletes nothing that its successor has recorded")
  func itRecordsNothing() async throws {
    let site = try await World.shared.site()
    try await site.sync()
    let configuration = site.configuration
    let recorded = { () async throws -> String in
      try await site.sql(
        "SELECT string_agg(key || reason, ' ' ORDER BY key) FROM rollcall.parked; "
          + "SELECT string_agg(subject || action, ' ' ORDER BY subject) FROM rollcall.held")
    }
    try await Reactor.run {
      let (former, successor) = (try Ledger(configuration), try Ledger(configuration))
      defer {
        former.database.end()
        successor.database.end()
      }
      func park(_ ledger: Ledger, _ key: RosterKey) async throws {
        try await ledger.park([
          ParkedKey(key: key, problem: Problem(.nameTaken, "name"), attempts: 1, retryAfter: nil)
        ])
      }
      func hold(_ ledger: Ledger, _ key: RosterKey) async throws {
        let removal = Removal(
          key: key, action: .delete, dn: try DistinguishedName(parsing: "uid=\(key),dc=example,dc=com"))
        try await ledger.hold([removal], .people, because: nil)
        try await ledger.hold([Takeover(subject: "\(key)t", dn: removal.dn)])
      }
      former.term = try await former.note(leader: "former")
      try await park(former, "1")
      try await hold(former, "1")
      #expect(try await recorded() == "1name-taken\n1delete 1ttakeover")
      successor.term = try await successor.note(leader: "successor")
      try await park(successor, "2")
      try await hold(successor, "2")
      let both = "1name-taken 2name-taken\n1delete 1ttakeover 2delete 2ttakeover"
      #expect(try await recorded() == both)
      try await park(former, "3")
      try await hold(former, "3")
      try await former.unpark(["1", "2"])
      try await former.unhold(["1", "2"], .people)
      try await former.unhold(takeovers: ["1t", "2t"])
      #expect(try await recorded() == both)
      try await successor.unpark(["1", "2"])
      try await successor.unhold(["1", "2"], .people)
      try await successor.unhold(takeovers: ["1t", "2t"])
      #expect(try await recorded().allSatisfy(\.isNewline))
    }
  }
}
