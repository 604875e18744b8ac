import RollcallCore
import Testing

/// Leavers first, and a batch is decided as a batch.
@Suite struct LeaverTests {
  private let all: ClosedRange<Priority> = .leaver ... .reconcile

  @Test func aLeaverOvertakesEverything() {
    var queue = WorkQueue()
    for key: RosterKey in ["a", "b"] { queue.add(key, .notification) }
    _ = queue.take(2, within: all)
    queue.wait("a", for: "b")
    queue.wait("b", for: "a")  // a group
    queue.add("c", .notification)
    queue.add("leaver", .sweep)
    queue.add("leaver", .leaver, isLeaver: true)
    #expect(queue.take(9, within: all) == Batch(keys: ["leaver"], priority: .leaver))
    #expect(queue.take(9, within: all)?.keys.sorted() == ["a", "b"])
    #expect(queue.take(9, within: all)?.keys == ["c"])
  }

  @Test("who leaves does not wait for the name that she wanted before, nor does a single change in a bulk load")
  func waitingForAName() {
    for priority in [Priority.leaver, .notification] {
      var queue = WorkQueue()
      for key: RosterKey in ["a", "holder", "other"] { queue.add(key, .sweep) }
      _ = queue.take(1, within: all)
      queue.wait("a", for: "holder")
      queue.add("a", priority, isLeaver: priority == .leaver)
      #expect(queue.take(9, within: all) == Batch(keys: ["a"], priority: priority))
      // If she still wants it, the holder goes ahead of all others, too.
      #expect(!queue.hasAwaited("a", "holder"))
      queue.wait("a", for: "holder")
      #expect(queue.take(9, within: all) == Batch(keys: ["holder"], priority: priority))
      queue.finish("holder")
      #expect(queue.take(9, within: all) == Batch(keys: ["a"], priority: priority))
      queue.finish("a")
    }
  }

  @Test("who leaves while being worked on and then waits for a name takes its holder along")
  func touchedBeforeWaiting() {
    var queue = WorkQueue()
    for key: RosterKey in ["a", "holder", "other"] { queue.add(key, .sweep) }
    _ = queue.take(1, within: all)
    queue.add("a", .leaver, isLeaver: true)
    queue.wait("a", for: "holder")
    #expect(queue.take(9, within: all) == Batch(keys: ["holder"], priority: .leaver))
    queue.finish("holder")
    #expect(queue.take(9, within: all) == Batch(keys: ["a"], priority: .leaver) && queue.isLeaver("a"))
    queue.finish("a")
    #expect(queue.take(9, within: all)?.keys == ["other"])
  }

  @Test("a batch in which the person is for another reason does not decide on a leaver")
  func plainMembership() {
    var queue = WorkQueue()
    queue.add("a", .sweep, removalBatch: 1, isPlain: true)
    #expect(queue.decidingBatches(of: "a") == [1], "nothing says that it leaves")
    queue.add("a", .leaver, isLeaver: true)
    #expect(queue.decidingBatches(of: "a") == [] && queue.removalBatches.of("a") == [1])
    // A change of the batch itself that can take access away.
    queue.add("a", .sweep, removalBatch: 1)
    #expect(queue.decidingBatches(of: "a") == [1])
    queue.add("a", .sweep, removalBatch: 1, isPlain: true)
    #expect(queue.decidingBatches(of: "a") == [1])
    queue.add("a", .sweep, removalBatch: 2, isPlain: true)
    #expect(queue.decidingBatches(of: "a") == [1] && queue.removalBatches.of("a") == [1, 2])
    queue.decided(1)
    #expect(queue.decidingBatches(of: "a") == [] && queue.removalBatches.of("a") == [2])
  }

  @Test("who leaves while being worked on is a leaver in the next turn, and then no more")
  func inFlight() {
    var queue = WorkQueue()
    queue.add("a", .sweep)
    _ = queue.take(1, within: all)
    queue.add("a", .leaver)
    #expect(!queue.isLeaver("a"), "so far only a notification says so")
    queue.markLeaver("a")
    queue.finish("a")
    #expect(queue.isLeaver("a") && queue.take(1, within: all)?.priority == .leaver)
    queue.finish("a")
    queue.add("a", .sweep)
    #expect(!queue.isLeaver("a") && !queue.isSaidToLeave("a"))
  }

  @Test("few marks are leavers; many, in a transaction or in all, are a batch")
  func marks() {
    var marks = UrgentMarks()
    marks.add(1, "a")
    marks.add(2, "a")
    for n in 0..<30 { marks.add(3, RosterKey("\(n)")) }
    #expect(marks.leavers.count == 31 && marks.leavers["a"]?.sorted() == [1, 2])
    #expect(!marks.isPlain(1, "a") && marks.isPlain(1, "b"))
    var wipe = marks
    wipe.add(3, nil)
    #expect(Set(wipe.leavers.keys) == ["a"], "the log says that 3 is a batch")
    #expect(!wipe.isPlain(3, "anybody"))
    wipe = marks
    for n in 30..<33 { wipe.add(3, RosterKey("\(n)")) }
    #expect(Set(wipe.leavers.keys) == ["a"])
    wipe = marks
    for n in 0..<2 { wipe.add(UInt64(10 + n), RosterKey("one by one \(n)")) }
    #expect(wipe.leavers.isEmpty && !wipe.isPlain(10, "one by one 0"))
  }

  @Test("no order of events lets another key be taken before a leaver, or loses one", arguments: 0..<20)
  func property(seed: Int) {
    var random = SeededRandom(seed)
    var queue = WorkQueue()
    let keys = (0..<12).map { RosterKey("\($0)") }
    var inFlight: Set<RosterKey> = []
    /// Who has left and has not been looked at since; those of them whom a batch names with a change of that kind.
    var left: Set<RosterKey> = []
    var bound: [RosterKey: Set<RemovalBatch>] = [:]
    for step in 0..<600 {
      let key = keys[Int.random(in: keys.indices, using: &random)]
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<2: queue.add(key, Priority.allCases[Int.random(in: 1...4, using: &random)])
      case 2..<4:
        queue.add(key, .leaver, isLeaver: true)
        left.insert(key)
      case 4..<6:
        let (batch, isPlain) = (Int.random(in: 1...3, using: &random), Bool.random(using: &random))
        queue.add(key, .sweep, removalBatch: batch, isPlain: isPlain)
        if !isPlain { bound[key, default: []].insert(batch) }
      case 6..<8:
        guard let batch = queue.take(Int.random(in: 1...4, using: &random), within: all) else { continue }
        let waiting = left.subtracting(inFlight)
        #expect(
          waiting.isEmpty || batch.priority == .leaver && batch.keys.contains(where: left.contains),
          "step \(step): \(batch) before \(waiting)")
        for key in batch.keys {
          #expect(inFlight.insert(key).inserted, "one worker a key")
          if left.contains(key) {
            #expect(queue.isLeaver(key))
            #expect(Set(queue.decidingBatches(of: key)).isSubset(of: bound[key] ?? []))
            #expect(
              bound[key]?.isSubset(of: queue.decidingBatches(of: key)) != false, "a batch decides on all of its own")
          }
        }
        left.subtract(batch.keys)
      case 8:
        guard let done = inFlight.sorted().randomElement(using: &random) else { continue }
        inFlight.remove(done)
        if Bool.random(using: &random) {
          queue.putBack(done)
          if queue.isLeaver(done) { left.insert(done) }
        } else {
          queue.finish(done)
        }
      default:
        let batch = Int.random(in: 1...3, using: &random)
        queue.decided(batch)
        for key in keys { bound[key]?.remove(batch) }
      }
    }
    while let batch = queue.take(3, within: all) { for key in batch.keys { queue.finish(key) } }
    for key in inFlight { queue.finish(key) }
    while let batch = queue.take(3, within: all) { for key in batch.keys { queue.finish(key) } }
    #expect(queue.backlog == 0)
  }
}
