import RollcallCore
import Testing

/// One place a key, one worker a key, the urgent first.
@Suite struct WorkQueueTests {
  private let all: ClosedRange<Priority> = .leaver ... .reconcile

  @Test func theUrgentOvertakeAndAKeyIsTakenOnce() {
    var queue = WorkQueue()
    for key: RosterKey in ["a", "b", "c"] { queue.add(key, .sweep) }
    queue.add("b", .notification)
    queue.add("c", .reconcile)
    #expect(queue.backlog == 3)
    #expect(queue.take(10, within: all) == Batch(keys: ["b"], priority: .notification))
    #expect(queue.take(10, within: all) == Batch(keys: ["a", "c"], priority: .sweep))
    #expect(queue.take(10, within: all) == nil)
  }

  @Test func aKeyTouchedInFlightIsLookedAtAgain() {
    var queue = WorkQueue()
    queue.add("a", .notification)
    #expect(queue.take(1, within: all)?.keys == ["a"])
    queue.add("a", .sweep)
    queue.add("a", .notification)
    #expect(queue.take(1, within: all) == nil, "one worker a key")
    queue.finish("a")
    #expect(queue.take(1, within: all) == Batch(keys: ["a"], priority: .notification))
    queue.finish("a")
    #expect(queue.backlog == 0 && queue.take(1, within: all) == nil)
  }

  @Test func whoWaitsIsWokenByTheHoldersEnd() {
    var queue = WorkQueue()
    queue.add("newcomer", .notification)
    _ = queue.take(1, within: all)
    queue.wait("newcomer", for: "holder")
    #expect(queue.hasAwaited("newcomer", "holder"))
    #expect(queue.take(9, within: all)?.keys == ["holder"])
    #expect(queue.take(9, within: all) == nil)
    queue.finish("holder")
    #expect(queue.take(9, within: all)?.keys == ["newcomer"])
  }

  @Test func aRingOfWaitersIsTakenWhole() {
    var queue = WorkQueue()
    for key: RosterKey in ["a", "b", "c"] { queue.add(key, .notification) }
    _ = queue.take(3, within: all)
    queue.wait("a", for: "b")
    queue.wait("b", for: "c")
    queue.wait("c", for: "a")
    #expect(queue.take(1, within: all)?.keys.sorted() == ["a", "b", "c"])
    for key: RosterKey in ["a", "b", "c"] { queue.finish(key) }
    // Each was asked for once more by the one that waited for it.
    for key in queue.take(9, within: all)?.keys ?? [] { queue.finish(key) }
    #expect(queue.backlog == 0)
  }

  @Test func whatIsPutBackDemotedWaitsBehindTheOthers() {
    var queue = WorkQueue()
    queue.add("refused", .notification)
    _ = queue.take(1, within: all)
    queue.add("other", .sweep)
    queue.putBack("refused", demoted: .reconcile)
    #expect(!queue.hasWork(.notification ... .notification))
    #expect(queue.take(9, within: all)?.keys == ["other"])
    #expect(queue.take(9, within: all)?.keys == ["refused"])
  }

  /// A key that was added for an older epoch while it was in flight, and comes back because the directory was lost.
  @Test func theOlderEpochWaitsForAKeyThatIsPutBack() {
    var queue = WorkQueue()
    let old = queue.epochs.hold()
    _ = queue.epochs.close()
    queue.add("a", .notification)
    _ = queue.take(1, within: all)
    queue.add("a", .sweep, epoch: old)
    queue.epochs.leave(old)
    queue.putBack("a")
    #expect(queue.epochs.settled() == nil, "the watermark would pass a change that nobody has applied")
    _ = queue.take(1, within: all)
    queue.finish("a")
    #expect(queue.epochs.settled() == old)
  }

  @Test func aRemovalBatchIsReadWhenEachOfItsKeysWasLookedAt() {
    var queue = WorkQueue()
    queue.add("b", .notification)
    _ = queue.take(1, within: all)
    queue.add("a", .sweep, removalBatch: 7)
    queue.add("b", .sweep, removalBatch: 7)
    #expect(queue.removalBatches.unplanned(in: 7) == 2)
    _ = queue.take(1, within: all)
    #expect(queue.removalBatches.of("a") == [7])
    queue.finish("a")
    queue.finish("b")
    #expect(queue.removalBatches.unplanned(in: 7) == 1)
    _ = queue.take(1, within: all)
    queue.finish("b")
    #expect(queue.removalBatches.unplanned(in: 7) == 0)
  }

  /// Against a model that is a set of facts: what was added last and not looked at since is unsettled, and no epoch
  /// settles before what was added in it.
  @Test(arguments: 1...100)
  func nothingIsLostAndNoEpochSettlesTooEarly(seed: Int) {
    var random = SeededRandom(seed)
    var queue = WorkQueue()
    var inFlight: Set<RosterKey> = []
    /// The epochs in which each key was added since a look at it began, and those that the look under way settles.
    var fresh: [RosterKey: [Epoch]] = [:]
    var underWay: [RosterKey: [Epoch]] = [:]
    var settledUpTo: Epoch = -1
    let keys = (0..<6).map { RosterKey("k\($0)") }
    for _ in 0..<400 {
      let key = keys[Int.random(in: keys.indices, using: &random)]
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<4:
        let epoch = Int.random(in: max(0, settledUpTo + 1)...queue.epochs.current, using: &random)
        queue.add(key, Priority.allCases[Int.random(in: Priority.allCases.indices, using: &random)], epoch: epoch)
        fresh[key, default: []].append(epoch)
      case 4, 5:
        guard let batch = queue.take(Int.random(in: 1...3, using: &random), within: all) else { continue }
        for key in batch.keys {
          #expect(inFlight.insert(key).inserted, "taken twice")
          underWay[key, default: []] += fresh.removeValue(forKey: key) ?? []
        }
      case 6, 7:
        guard let done = inFlight.randomElement(using: &random) else { continue }
        inFlight.remove(done)
        queue.finish(done)
        underWay[done] = nil
      case 8:
        guard let failed = inFlight.randomElement(using: &random) else { continue }
        inFlight.remove(failed)
        if Bool.random(using: &random), key != failed {
          queue.wait(failed, for: key)
          // The holder is looked at for its own sake.
        } else {
          queue.putBack(failed)
        }
        fresh[failed, default: []] += underWay.removeValue(forKey: failed) ?? []
      default:
        _ = queue.epochs.close()
      }
      if let settled = queue.epochs.settled() { settledUpTo = settled }
      let open = (fresh.values.flatMap(\.self) + underWay.values.flatMap(\.self)).min()
      #expect(
        open.map { settledUpTo < $0 } ?? true,
        "seed \(seed): epoch \(settledUpTo) settled before \(open ?? 0)")
      for key in fresh.keys { #expect(queue.contains(key), "seed \(seed): \(key) is lost") }
    }
    // Everything comes to an end when everything is looked at.
    for key in inFlight { queue.finish(key) }
    for _ in 0..<1000 {
      guard let batch = queue.take(3, within: all) else { break }
      for key in batch.keys { queue.finish(key) }
    }
    let last = queue.epochs.close()
    #expect(queue.backlog == 0, "seed \(seed)")
    #expect(queue.epochs.settled() == last, "seed \(seed)")
  }
}
