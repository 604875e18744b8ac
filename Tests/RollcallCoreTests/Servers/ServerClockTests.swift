import RollcallCore
import Testing

/// What two servers' clocks say of each other.
@Suite struct ServerClockTests {
  private static let first = "20261126194712.000100Z#000000#001#000000"
  private static let second = "20261126194713.000100Z#000000#002#000000"
  private static let later = "20261126194714.000100Z#000000#001#000000"

  private func csn(_ values: String...) throws -> ServerClock { try #require(ServerClock(contextCSN: values)) }

  @Test func aServerThatLacksAChangeIsBehind() throws {
    let confirmed = try csn(Self.later, Self.second)
    #expect(try csn(Self.first, Self.second).standing(to: confirmed) == .behind)
    #expect(try csn(Self.later).standing(to: confirmed) == .behind, "of the second it has nothing")
    #expect(try csn(Self.later, Self.second).standing(to: confirmed) == .upToDate)
    #expect(confirmed.standing(to: try csn(Self.first)) == .upToDate)
  }

  @Test func theFractionOfASecondMayBeMissing() throws {
    let old = try csn("20261126194714Z#000000#001#000000")
    #expect(try csn(Self.first).standing(to: old) == .behind)
    #expect(try csn(Self.later).standing(to: old) == .upToDate)
    #expect(ServerClock(contextCSN: ["nonsense", ""]) == nil)
  }

  @Test func joinAndMeetAreBounds() throws {
    let one = try csn(Self.later)
    let other = try csn(Self.first, Self.second)
    let joined = try #require(one.joined(with: other))
    #expect(joined.standing(to: one) == .upToDate && joined.standing(to: other) == .upToDate)
    let met = try #require(one.met(by: other))
    #expect(one.standing(to: met) == .upToDate && other.standing(to: met) == .upToDate)
    #expect(try csn(Self.second).met(by: csn(Self.first)) == nil, "they have nothing in common")
  }

  @Test func anUpdateVectorIsRead() throws {
    let before = try #require(
      ServerClock(updateVector: [
        "{replicageneration} 5f0000000000000a0000",
        "{replica 1 ldap://a:389} 5f000001000000010000 60000001000000010000", "{replica 2 ldap://b:389}",
      ]))
    let after = try #require(
      ServerClock(updateVector: [
        "{replicageneration} 5f0000000000000a0000",
        "{replica 1 ldap://a:389} 5f000001000000010000 60000002000000010000",
      ]))
    #expect(before.standing(to: after) == .behind && after.isBeyond(before))
    let anew = try #require(ServerClock(updateVector: ["{replicageneration} 610000000000000a0000"]))
    #expect(anew.standing(to: after) == .unknown, "it was initialised anew")
  }

  @Test func aCountOfOnesOwnSaysNothingOfAnother() throws {
    let here = try #require(ServerClock(.committedUSN, counts: ["a": "9"]))
    let later = try #require(ServerClock(.committedUSN, counts: ["a": "10"]))
    let there = try #require(ServerClock(.committedUSN, counts: ["b": "999"]))
    #expect(here.standing(to: later) == .behind && later.standing(to: here) == .upToDate)
    #expect(there.standing(to: here) == .unknown && here.met(by: there) == nil)
    #expect(try csn(Self.first).standing(to: here) == .unknown)
  }

  @Test func whatIsRememberedIsReadAgain() throws {
    for clock in [
      try csn(Self.first, Self.second), try #require(ServerClock(.committedUSN, counts: ["a": "9"])),
      try #require(ServerClock(.lastUSN, counts: ["lastusn;userroot": "77"])),
    ] {
      #expect(ServerClock(clock.description) == clock)
    }
    #expect(ServerClock("") == nil && ServerClock("csn ") == nil && ServerClock("moon 1=2") == nil)
  }
}
