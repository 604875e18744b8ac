import RollcallCore
import Testing

/// Whatever brings a key, its removal is decided with the batch that it belongs to.
@Suite struct RemovalBatchTests {
  private let all: ClosedRange<Priority> = .leaver ... .reconcile

  @Test func aKeyThatWaitsJoinsTheBatchThatNamesIt() {
    var queue = WorkQueue()
    queue.add("a", .notification)
    queue.add("a", .sweep, removalBatch: 7)
    #expect(queue.removalBatches.of("a") == [7] && queue.removalBatches.unplanned(in: 7) == 1)
    _ = queue.take(1, within: all)
    queue.finish("a", staying: false)
    #expect(queue.removalBatches.unplanned(in: 7) == 0)
    #expect(queue.removalBatches.of("a") == [7], "it was withheld, and the batch is not decided")
    queue.add("a", .retry)
    #expect(queue.removalBatches.of("a") == [7], "whatever adds it meanwhile")
    queue.decided(7)
    #expect(queue.removalBatches.of("a").isEmpty)
  }

  @Test func aKeyInFlightKeepsTheBatchThroughALostConnection() {
    var queue = WorkQueue()
    queue.add("a", .notification)
    _ = queue.take(1, within: all)
    queue.add("a", .sweep, removalBatch: 7)
    #expect(queue.removalBatches.of("a") == [7], "the turn under way may see that its row is gone")
    queue.putBack("a")
    #expect(queue.removalBatches.of("a") == [7] && queue.removalBatches.unplanned(in: 7) == 1)
    _ = queue.take(1, within: all)
    queue.finish("a", staying: false)
    #expect(queue.removalBatches.of("a") == [7] && queue.removalBatches.unplanned(in: 7) == 0)
  }

  @Test func whoStaysBelongsToNoBatchAnyMore() {
    var queue = WorkQueue()
    queue.add("a", .sweep, removalBatch: 7)
    _ = queue.take(1, within: all)
    queue.add("a", .sweep, removalBatch: 8)
    queue.finish("a", staying: true)
    #expect(queue.removalBatches.of("a") == [8], "the other batch has named it since")
  }

  @Test func twoBatchesBothDecide() {
    var queue = WorkQueue()
    queue.add("a", .sweep, removalBatch: 7)
    queue.add("a", .reconcile, removalBatch: 8)
    #expect(queue.removalBatches.unplanned(in: 7) == 1 && queue.removalBatches.unplanned(in: 8) == 1)
    _ = queue.take(1, within: all)
    queue.finish("a", staying: false)
    queue.decided(7)
    #expect(queue.removalBatches.of("a") == [8])
  }

  @Test func whatAnAbandonedBatchStillHasToLookAtStaysWithheld() {
    var queue = WorkQueue()
    for key: RosterKey in ["a", "b"] { queue.add(key, .reconcile, removalBatch: 7) }
    _ = queue.take(1, within: all)
    queue.finish("a", staying: false)
    queue.abandon(7)
    #expect(queue.removalBatches.of("a").isEmpty && queue.removalBatches.of("b") == [7])
    _ = queue.take(1, within: all)
    queue.finish("b", staying: false)
    #expect(queue.removalBatches.of("b").isEmpty)
  }

  @Test func onWhomABatchHasYetToDecideIsCounted() {
    var queue = WorkQueue()
    for key: RosterKey in ["a", "b"] { queue.add(key, .sweep, removalBatch: 7) }
    let look = queue.epochs.close()
    _ = queue.take(2, within: all)
    #expect(queue.owed(to: [7], upTo: look) == 0)
    queue.finish("a", staying: false)
    queue.finish("b", staying: true)
    #expect(queue.owed(to: [7], upTo: look) == 1)
    #expect(queue.owed(to: [8], upTo: look) == 0 && queue.owed(to: [7], upTo: look - 1) == 0)
    queue.decided(7)
    #expect(queue.owed(to: [7], upTo: look) == 0)
  }

  @Test func theLogWaitsUntilABatchHasDecidedOverAKeyThatItNamedBefore() {
    var queue = WorkQueue()
    queue.add("a", .notification)
    let look = queue.epochs.close()
    queue.add("a", .retry, removalBatch: 7)
    _ = queue.take(1, within: all)
    queue.finish("a", staying: false)
    #expect(queue.epochs.settled() == nil, "a successor would not hear of it")
    queue.decided(7, again: ["a"], epoch: queue.epochs.current)
    #expect(queue.epochs.settled() == nil, "what is allowed is not done yet")
    _ = queue.take(1, within: all)
    queue.finish("a", staying: true)
    #expect(queue.epochs.settled() == look)
  }

  @Test func theLogWaitsForTheOldestTurnAndNoLonger() {
    var queue = WorkQueue()
    queue.add("a", .notification, removalBatch: 7)
    _ = queue.take(1, within: all)
    let looks = [queue.epochs.close(), queue.epochs.close()]
    queue.add("a", .retry, removalBatch: 8)
    queue.finish("a", staying: false)
    _ = queue.take(1, within: all)
    queue.finish("a", staying: false)
    queue.decided(7)
    #expect(queue.epochs.settled() == nil, "the other batch decides over it too")
    queue.add("a", .retry)
    _ = queue.take(1, within: all)
    queue.finish("a", staying: true)
    #expect(queue.epochs.settled() == looks[1], "its row came back")
    queue.add("b", .sweep, removalBatch: 9)
    _ = queue.take(1, within: all)
    let third = queue.epochs.close()
    queue.finish("b", staying: false)
    #expect(queue.epochs.settled() == nil)
    queue.abandon(9)
    #expect(queue.epochs.settled() == third)
  }

  /// Against a model: who was handed in with a batch belongs to it until that is decided or the key has stayed in a turn
  /// that began after it was handed in last, and a batch is read when no such turn is to come. The log waits for every
  /// turn, and for the decision over those that have ended without staying.
  @Test(arguments: 1...200)
  func noPathTakesAKeyOutOfItsBatch(seed: Int) {
    var random = SeededRandom(seed)
    var queue = WorkQueue()
    let keys = (0..<8).map { RosterKey("k\($0)") }
    /// Undecided batches by key, those among them that wait for a turn of it, and for the turn after the one in flight.
    var belongs: [RosterKey: Set<RemovalBatch>] = [:]
    var waits: [RosterKey: Set<RemovalBatch>] = [:]
    var waitsForNext: [RosterKey: Set<RemovalBatch>] = [:]
    var inFlight: Set<RosterKey> = []
    var open: Set<RemovalBatch> = []
    var last: RemovalBatch = 0
    /// The oldest look for which each key's turn counts, its turn after the one in flight, and its turns that have ended.
    var (turn, next, owed): ([RosterKey: Epoch], [RosterKey: Epoch], [RosterKey: Epoch]) = ([:], [:], [:])
    var settled: Epoch = -1
    func note(_ key: RosterKey, isInFlight: Bool) {
      let epoch = queue.epochs.current
      if isInFlight { next[key] = min(next[key] ?? epoch, epoch) } else { turn[key] = min(turn[key] ?? epoch, epoch) }
    }
    for _ in 0..<500 {
      let key = keys[Int.random(in: keys.indices, using: &random)]
      let priority = Priority.allCases[Int.random(in: Priority.allCases.indices, using: &random)]
      if Int.random(in: 0..<8, using: &random) == 0 { _ = queue.epochs.close() }
      switch Int.random(in: 0..<12, using: &random) {
      case 0..<3:
        note(key, isInFlight: inFlight.contains(key))
        queue.add(key, priority)
      case 3..<6:
        if open.count < 3 {
          last += 1
          open.insert(last)
        }
        guard let removalBatch = open.randomElement(using: &random) else { continue }
        note(key, isInFlight: inFlight.contains(key))
        queue.add(key, priority, removalBatch: removalBatch)
        belongs[key, default: []].insert(removalBatch)
        if inFlight.contains(key) {
          waitsForNext[key, default: []].insert(removalBatch)
        } else {
          waits[key, default: []].insert(removalBatch)
        }
      case 6..<8:
        for key in queue.take(Int.random(in: 1...3, using: &random), within: all)?.keys ?? [] { inFlight.insert(key) }
      case 8..<10:
        guard let done = inFlight.randomElement(using: &random) else { continue }
        inFlight.remove(done)
        let stays = Bool.random(using: &random)
        queue.finish(done, staying: stays)
        waits[done] = waitsForNext.removeValue(forKey: done)
        if stays { belongs[done] = waits[done] }
        let isOwed = !stays && belongs[done]?.isEmpty == false
        owed[done] = isOwed ? min(owed[done] ?? .max, turn[done] ?? .max) : nil
        turn[done] = next.removeValue(forKey: done)
      case 10:
        guard let failed = inFlight.randomElement(using: &random) else { continue }
        inFlight.remove(failed)
        queue.putBack(failed)
        waits[failed, default: []].formUnion(waitsForNext.removeValue(forKey: failed) ?? [])
        if let other = next.removeValue(forKey: failed) { turn[failed] = min(turn[failed] ?? other, other) }
      default:
        guard let read = open.first(where: { queue.removalBatches.unplanned(in: $0) == 0 }) else { continue }
        queue.decided(read)
        open.remove(read)
        for key in keys {
          belongs[key]?.remove(read)
          if belongs[key]?.isEmpty != false { owed[key] = nil }
        }
      }
      settled = queue.epochs.settled() ?? settled
      let unsettled = [turn, next, owed].flatMap(\.values).min() ?? .max
      #expect(settled == min(unsettled, queue.epochs.current) - 1, "seed \(seed): the log")
      for key in keys {
        #expect(Set(queue.removalBatches.of(key)) == belongs[key] ?? [], "seed \(seed): \(key)")
      }
      for removalBatch in open {
        let turns =
          waits.values.count { $0.contains(removalBatch) } + waitsForNext.values.count { $0.contains(removalBatch) }
        #expect(queue.removalBatches.unplanned(in: removalBatch) == turns, "seed \(seed): batch \(removalBatch)")
      }
    }
  }

  @Test func aSpoolGivesBackWhatItWasGiven() {
    var spool = KeySpool()
    let keys = (0..<20_000).map { RosterKey("\($0)") } + ["", "é", "e\u{301}"]
    for key in keys { spool.append(key) }
    var found: [RosterKey] = []
    var pages = 0
    while let page = spool.next() {
      found += page
      pages += 1
    }
    #expect(found == keys && spool.isEmpty && pages > 3)
  }
}
