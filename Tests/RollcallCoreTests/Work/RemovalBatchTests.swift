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

  @Test("who has left by a change of her own is looked at again when the batch is abandoned that was to decide")
  func anAbandonedBatchLosesNobodyElse() {
    for isAbandonedFirst in [true, false] {
      var queue = WorkQueue()
      queue.add("a", .due, removalBatch: 7)
      queue.add("b", .due, removalBatch: 7)
      queue.add("a", .leaver, isLeaver: true)
      let look = queue.epochs.close()
      if isAbandonedFirst { queue.abandon(7) }
      #expect(queue.take(1, within: all)?.keys == ["a"] && queue.take(1, within: all)?.keys == ["b"])
      for key: RosterKey in ["a", "b"] { queue.finish(key) }
      if !isAbandonedFirst { queue.abandon(7) }
      #expect(queue.contains("a") && !queue.contains("b"), "only a successor names b")
      #expect(queue.epochs.settled() == nil && queue.isLeaver("a") && queue.decidingBatches(of: "a") == [])
      _ = queue.take(1, within: all)
      queue.finish("a", staying: true)
      #expect(queue.epochs.settled() == look)
    }
  }

  @Test("what a decided batch has left to one that is abandoned is looked at again")
  func leftToOneThatIsAbandoned() {
    var queue = WorkQueue()
    queue.add("a", .sweep, removalBatch: 7)
    queue.add("a", .reconcile, removalBatch: 8)
    _ = queue.take(1, within: all)
    queue.finish("a")
    queue.decided(7)
    queue.abandon(8)
    #expect(queue.contains("a") && queue.removalBatches.of("a").isEmpty)
    // And once more, with another batch.
    queue.add("a", .reconcile, removalBatch: 9)
    _ = queue.take(1, within: all)
    queue.finish("a")
    queue.abandon(9)
    #expect(queue.contains("a"))
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

  /// Against a model, with all that adds a key, ends its turn or ends a batch.
  @Test(arguments: 1...200)
  func noPathTakesAKeyOutOfItsBatch(seed: Int) {
    var random = SeededRandom(seed)
    var queue = WorkQueue()
    let keys = (0..<8).map { RosterKey("k\($0)") }
    var model = RemovalBatchModel(keys)
    var last: RemovalBatch = 0
    var settled: Epoch = -1
    for step in 0..<500 {
      let key = keys[Int.random(in: keys.indices, using: &random)]
      let priority = Priority.allCases[Int.random(in: Priority.allCases.indices, using: &random)]
      let inFlight = keys.filter { model.keys[$0]?.isInFlight == true }
      if random.chance(12) { _ = queue.epochs.close() }
      model.current = queue.epochs.current
      switch Int.random(in: 0..<17, using: &random) {
      case 0..<2:
        let isLeaver = priority == .leaver && random.chance(70)
        queue.add(key, priority, isLeaver: isLeaver)
        model.add(key, priority, isLeaver: isLeaver)
      case 2..<6:
        if model.open.count < 3 {
          last += 1
          model.open.insert(last)
        }
        guard let batch = model.open.sorted().randomElement(using: &random) else { continue }
        let isPlain = random.chance(50)
        if random.chance(80) {
          queue.add(key, priority, removalBatch: batch, isPlain: isPlain)
          model.add(key, priority, batch, isPlain: isPlain)
        } else if model.keys[key]?.turn != nil {
          queue.join(key, batch, isPlain: isPlain)
          model.join(key, batch, isPlain: isPlain)
        }
      case 6..<9:
        for key in queue.take(Int.random(in: 1...3, using: &random), within: all)?.keys ?? [] {
          #expect(
            model.keys[key]?.turn != nil && model.keys[key]?.isInFlight == false && model.keys[key]?.holder == nil)
          model.keys[key]?.isInFlight = true
        }
      case 9..<12:
        guard let done = inFlight.randomElement(using: &random) else { continue }
        let stays = Bool.random(using: &random)
        queue.finish(done, staying: stays)
        model.finish(done, stays: stays)
      case 12:
        guard let failed = inFlight.randomElement(using: &random) else { continue }
        queue.putBack(failed)
        model.putBack(failed)
      case 13:
        guard let waiter = inFlight.randomElement(using: &random) else { continue }
        queue.wait(waiter, for: key)
        model.wait(waiter, for: key)
      case 14:
        queue.markLeaver(key)
        model.markLeaver(key)
      case 15:
        guard let read = model.open.sorted().first(where: { queue.removalBatches.unplanned(in: $0) == 0 }) else {
          continue
        }
        let again = keys.filter { queue.removalBatches.of($0).contains(read) && random.chance(50) }
        queue.decided(read, again: again)
        model.decided(read, again: again)
      default:
        guard random.chance(30), let lost = model.open.sorted().randomElement(using: &random) else { continue }
        queue.abandon(lost)
        model.abandon(lost)
      }
      settled = queue.epochs.settled() ?? settled
      model.current = queue.epochs.current
      let faults = model.faults(of: queue, settled: settled)
      #expect(faults == [], "seed \(seed), step \(step)")
      if !faults.isEmpty { return }
    }
    for key in queue.inFlight { queue.finish(key) }
    while let batch = queue.take(3, within: all) { for key in batch.keys { queue.finish(key) } }
    #expect(queue.backlog == 0, "seed \(seed): nobody waits for a name that is free")
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
