import RollcallCore
import Testing

/// The keys that were confirmed last.
@Suite struct ConfirmedKeysTests {
  @Test func aClockCoversWhatWasConfirmedBefore() {
    var keys = ConfirmedKeys()
    keys.note((0..<500).map { RosterKey("a\($0)") })
    keys.close()
    let first = keys.closed
    keys.note((490..<700).map { RosterKey("a\($0)") })
    keys.close()
    keys.cover(upTo: first)
    #expect(Set(keys.keys) == Set((490..<700).map { RosterKey("a\($0)") }), "some were confirmed again")
    #expect(keys.hasUncovered)
    keys.cover(upTo: keys.closed)
    #expect(!keys.hasUncovered && keys.keys.count == 210, "the last ones stay as witnesses")
  }

  @Test func theLastOnesStayAsWitnesses() {
    var keys = ConfirmedKeys()
    for number in 0..<1000 {
      keys.note(["k\(number)"])
      keys.close()
      keys.cover(upTo: keys.closed)
    }
    #expect(keys.keys.count == 100 && keys.keys.contains("k999") && keys.lost == nil)
  }

  @Test func thereIsABoundAndItIsRemembered() {
    var keys = ConfirmedKeys()
    keys.note((0..<30_500).map { RosterKey("k\($0)") })
    keys.close()
    #expect(keys.keys.count <= ConfirmedKeys.most && keys.keys.count > ConfirmedKeys.most - 2000)
    #expect(keys.keys.contains("k30499") && !keys.keys.contains("k0"))
    #expect(keys.lost != nil)
    keys.cover(upTo: keys.closed)
    #expect(keys.lost == nil, "what was dropped is covered too")
  }

  @Test func oneKeyAgainAndAgainPushesNobodyOut() {
    var keys = ConfirmedKeys()
    keys.note(["other"])
    for _ in 0..<50_000 {
      keys.note(["same"])
      keys.close()
    }
    #expect(Set(keys.keys) == ["other", "same"] && keys.lost == nil)
    let stored = keys.takeDifference()
    #expect(stored.chunks.count <= 2, "chunks that hold nobody any more are gone")
  }

  @Test func theStoreFollows() {
    var keys = ConfirmedKeys()
    var store: [Int: [RosterKey]] = [:]
    var lost: Int?
    func sync() {
      let difference = keys.takeDifference()
      for chunk in difference.chunks { store[chunk.number] = chunk.keys }
      for number in difference.dropped { store[number] = nil }
      lost = difference.lost
      let read = ConfirmedKeys(
        stored: store.map { ConfirmedKeys.Chunk(number: $0.key, keys: $0.value) }, lost: lost)
      #expect(Set(read.keys) == Set(keys.keys) && read.lost == keys.lost)
      #expect(read.closed >= store.keys.max() ?? 0)
    }
    keys.note(["a", "b"])
    sync()
    keys.note(["c"])
    let failed = keys.takeDifference()
    keys.putBack(failed)
    keys.note(["d"])
    sync()
    keys.cover(upTo: keys.closed - 1)
    sync()
    keys.note((0..<25_000).map { RosterKey("k\($0)") })
    sync()
    keys.note(["e"])
    let gone = keys.takeDifference()
    for chunk in gone.chunks { store[chunk.number] = chunk.keys }
    keys.cover(upTo: keys.closed)
    // Nobody has heard that it was stored.
    keys.putBack(gone)
    sync()
  }
}
