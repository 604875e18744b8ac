import RollcallAdministration
import RollcallCore
import Testing

/// A follower's position over transactions that end in any order.
@Suite struct JournalWindowTests {
  @Test func snapshots() throws {
    let snapshot = try #require(Snapshot("10:20:10,15"))
    #expect(snapshot.text == "10:20:10,15")
    #expect((5...25).filter { snapshot.includes($0) } == [5, 6, 7, 8, 9, 11, 12, 13, 14, 16, 17, 18, 19])
    #expect(snapshot.limited(to: 15).text == "10:15:10")
    #expect(snapshot.limited(to: 10).text == "10:10:")
    #expect(snapshot.limited(to: 30) == snapshot)
    #expect(Snapshot("x") == nil && Snapshot("1:2") == nil)
    #expect(snapshot.includesAllBelow(10) && !snapshot.includesAllBelow(11) && !Snapshot.none.includes(1))
  }

  /// Transactions that begin, write and end at random, and a follower that settles in any order and crashes now and then.
  @Test("whatever ends when, and wherever it crashes, no row is passed over", arguments: 0..<200)
  func nothingLost(_ seed: UInt64) throws {
    var random = Numbers(state: seed &* 0x9E37_79B9_7F4A_7C15 &+ 1)
    var nextTransaction: UInt64 = 100
    var nextRow = 1
    var open: [UInt64: [Int]] = [:]
    var committed: [(tx: UInt64, id: Int)] = []
    var settled: Set<Int> = []
    var stored = try #require(Snapshot("100:100:"))
    func now() throws -> Snapshot {
      let running = open.keys.sorted()
      return try #require(
        Snapshot(
          "\(running.first ?? nextTransaction):\(nextTransaction):\(running.map { "\($0)" }.joined(separator: ","))"))
    }
    func end(_ transaction: UInt64) {
      committed += (open.removeValue(forKey: transaction) ?? []).map { (transaction, $0) }
    }
    for round in 0..<60 {
      for _ in 0..<Int.random(in: 0..<6, using: &random) {
        switch Int.random(in: 0..<4, using: &random) {
        case 0:
          open[nextTransaction] = []
          nextTransaction += 1
        case 1:
          if let transaction = open.keys.sorted().randomElement(using: &random) { end(transaction) }
        default:
          guard let transaction = open.keys.sorted().randomElement(using: &random) else { continue }
          open[transaction]?.append(nextRow)
          nextRow += 1
        }
      }
      if round == 59 { for transaction in open.keys.sorted() { end(transaction) } }
      // One window, whose end may lie before what can be read.
      let last = try now()
      let target = last.limited(to: max(stored.end, last.end - UInt64.random(in: 0..<4, using: &random)))
      var window = JournalWindow(from: stored, to: round == 59 ? last : target)
      let rows = committed.filter { !stored.includes($0.tx) && window.end.includes($0.tx) }.sorted {
        ($0.tx, $0.id) < ($1.tx, $1.id)
      }
      let read = round == 59 ? rows.count : Int.random(in: 0...rows.count, using: &random)
      for row in rows.prefix(read) { window.append(row.tx, row.id) }
      if read == rows.count { window.noteEnd() }
      for row in rows.prefix(read).shuffled(using: &random) {
        if round < 59, Int.random(in: 0..<8, using: &random) == 0 { break }
        window.settle(row.id)
        settled.insert(row.id)
        let passed = committed.filter { window.position.includes($0.tx) && !settled.contains($0.id) }
        #expect(passed.isEmpty, "the position has passed what was not settled")
        let forgotten = (100..<nextTransaction).filter { window.begin.includes($0) && !window.position.includes($0) }
        #expect(forgotten.isEmpty, "the position has gone back")
      }
      // What is in memory is lost here; the position was stored, or was not.
      if round == 59 || Bool.random(using: &random) { stored = window.position }
    }
    #expect(settled == Set(committed.map(\.id)))
  }

  private struct Numbers: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state ^ state >> 29
    }
  }
}
