import RollcallCore
import Testing

/// What follows from clocks and confirmed keys.
@Suite struct ServerMemoryTests {
  private func clock(_ values: [String: Int]) throws -> ServerClock {
    let texts = values.map { "2026112619471\($0.value).000000Z#000000#\($0.key)#000000" }
    return try #require(ServerClock(contextCSN: texts))
  }

  /// Confirms a key and reads the clock.
  private func write(_ key: RosterKey, _ memory: inout ServerMemory, _ clock: ServerClock?) {
    memory.keys.note([key])
    memory.keys.close()
    _ = memory.read(clock, after: memory.keys.closed)
  }

  @Test func aKeyIsCoveredByTheSecondClockAfterIt() throws {
    var memory = ServerMemory()
    #expect(memory.connected(try clock(["001": 1])) == .lookAgain, "nothing is known yet")
    write("a", &memory, try clock(["001": 2]))
    #expect(memory.keys.hasUncovered, "a foreign operation may have held the clock back")
    _ = memory.read(try clock(["001": 2]), after: memory.keys.closed)
    #expect(!memory.keys.hasUncovered && memory.keys.keys == ["a"], "it stays as a witness")
    #expect(memory.connected(try clock(["001": 2])) == .lookAgain)
  }

  @Test func aClockThatStandsStillIsNone() throws {
    var memory = ServerMemory()
    _ = memory.connected(try clock(["001": 1]))
    for key in ["a", "b", "c"] as [RosterKey] { write(key, &memory, try clock(["001": 1])) }
    _ = memory.read(try clock(["001": 1]), after: memory.keys.closed)
    #expect(memory.keys.hasUncovered && memory.confirmed == nil)
    #expect(memory.connected(try clock(["001": 1])) == .lookAgain)
  }

  @Test func aServerThatIsBehindOwesWhatItLacks() throws {
    var memory = ServerMemory()
    _ = memory.connected(try clock(["001": 1, "002": 1]))
    write("a", &memory, try clock(["001": 5, "002": 1]))
    #expect(memory.connected(try clock(["001": 3, "002": 1])) == .behind)
    #expect(memory.owesComparison)
    // Writing there makes it no better, and a restart does not forget it.
    write("b", &memory, try clock(["001": 3, "002": 6]))
    var successor = ServerMemory(keys: memory.keys, confirmed: memory.confirmed, owed: memory.owed)
    #expect(successor.connected(try clock(["001": 3, "002": 6])) == .behind)
    memory.compared(hasSeenAll: memory.seesAll)
    #expect(!memory.owesComparison && memory.owed != nil)
    #expect(memory.connected(try clock(["001": 3, "002": 6])) == .lookAgain, "it was compared")
    // What the first had confirmed comes late, and may have undone something.
    #expect(memory.read(try clock(["001": 5, "002": 6]), after: memory.keys.closed))
    #expect(memory.owesComparison)
    memory.compared(hasSeenAll: memory.seesAll)
    #expect(memory.owed == nil && !memory.owesComparison)
    #expect(memory.connected(try clock(["001": 5, "002": 6])) == .lookAgain)
  }

  @Test func whatComesDuringAComparisonAsksForAnother() throws {
    var memory = ServerMemory()
    _ = memory.connected(try clock(["001": 1]))
    write("a", &memory, try clock(["001": 5]))
    _ = memory.connected(try clock(["001": 3]))
    let seesAll = memory.seesAll
    _ = memory.read(try clock(["001": 5]), after: memory.keys.closed)
    memory.compared(hasSeenAll: seesAll)
    #expect(memory.owesComparison)
  }

  @Test func whatAServerDoesLateIsOwed() throws {
    var memory = ServerMemory()
    _ = memory.connected(try clock(["001": 1, "002": 1]))
    write("a", &memory, try clock(["001": 2, "002": 1]))
    #expect(memory.connected(try clock(["001": 2, "002": 1]), mayBeLate: true) == .lookAgain)
    write("b", &memory, try clock(["001": 2, "002": 5]))
    #expect(!memory.owesComparison && memory.owed != nil)
    // Nobody but the first counts there.
    #expect(memory.read(try clock(["001": 3, "002": 5]), after: memory.keys.closed))
    memory.compared(hasSeenAll: memory.seesAll)
    #expect(memory.owed == nil && !memory.owesComparison)
    #expect(memory.connected(try clock(["001": 3, "002": 5])) == .lookAgain)
    #expect(memory.owed == nil, "nothing was on its way this time")
  }

  @Test func moreThanIsRememberedMeansEverybody() throws {
    var memory = ServerMemory()
    _ = memory.connected(try clock(["001": 1]))
    write("a", &memory, try clock(["001": 2]))
    memory.keys.note((0..<20_000).map { RosterKey("k\($0)") })
    memory.keys.close()
    #expect(memory.connected(try clock(["001": 3])) == .tooMany)
  }

  @Test func aCountOfOnesOwnCoversNobody() throws {
    func usn(_ server: String, _ count: String) throws -> ServerClock {
      try #require(ServerClock(.committedUSN, counts: [server: count]))
    }
    var memory = ServerMemory()
    _ = memory.connected(try usn("a", "1"))
    write("k", &memory, try usn("a", "2"))
    _ = memory.read(try usn("a", "2"), after: memory.keys.closed)
    #expect(memory.keys.hasUncovered, "another server may lack it")
    #expect(memory.connected(try usn("a", "1")) == .behind, "it was restored from a backup")
    #expect(memory.connected(try usn("b", "9")) == .lookAgain)
  }

  @Test func withoutAClockTheLastKeysAreLookedAtAgain() {
    var memory = ServerMemory()
    #expect(memory.connected(nil) == .lookAgain)
    write("a", &memory, nil)
    _ = memory.read(nil, after: memory.keys.closed)
    #expect(memory.keys.keys == ["a"])
  }
}
