import Glibc
import Reactor
import Sandbox
import Testing

@Suite struct ReactorTests {
  @Test func everythingRunsOnOneThread() async throws {
    let threads = try await Reactor.run { () -> Set<UInt> in
      var seen: Set<UInt> = [UInt(pthread_self())]
      try await Reactor.sleep(for: .milliseconds(1))
      seen.insert(UInt(pthread_self()))
      await Task.yield()
      seen.insert(UInt(pthread_self()))
      async let other = Reactor.run { UInt(pthread_self()) }
      seen.insert(try await other)
      return seen
    }
    #expect(threads.count == 1)
  }

  @Test func timersFireInOrderOfTheirDeadlines() async throws {
    let order = try await Reactor.run { () -> [Int] in
      var order: [Int] = []
      for (index, delay) in [30, 10, 20].enumerated() {
        Reactor.loop.after(.milliseconds(delay)) { order.append(index) }
      }
      let cancelled = Reactor.loop.after(.milliseconds(5)) { order.append(99) }
      cancelled.cancel()
      try await eventually("all have fired") { order.count >= 3 }
      return order
    }
    #expect(order == [1, 2, 0])
  }

  @Test func sleepEndsWhenItsTaskIsCancelled() async throws {
    let started = ContinuousClock.now
    let task = Task { try await Reactor.run { try await Reactor.sleep(for: .milliseconds(1)) } }
    try await task.value
    let long = Task(executorPreference: Reactor.loop) { try await Reactor.sleep(for: .seconds(600)) }
    long.cancel()
    await #expect(throws: CancellationError.self) { try await long.value }
    #expect(ContinuousClock.now - started < .seconds(60))
  }

  @Test func aDescriptorIsReportedUntilItIsRead() async throws {
    let text = try await Reactor.run { () -> [UInt8] in
      var ends: [Int32] = [-1, -1]
      #expect(unsafe pipe(&ends) == 0)
      defer {
        close(ends[0])
        close(ends[1])
      }
      let reader = ends[0]
      var received: [UInt8] = []
      let watch = Reactor.loop.watch(reader, for: .readable) { _ in
        var byte: UInt8 = 0
        if unsafe read(reader, &byte, 1) == 1 { received.append(byte) }
      }
      _ = unsafe write(ends[1], [1, 2, 3] as [UInt8], 3)
      while received.count < 3 { try await Reactor.sleep(for: .milliseconds(1)) }
      // A paused watch hears nothing; a cancelled one neither.
      watch.interest = []
      _ = unsafe write(ends[1], [4] as [UInt8], 1)
      try await Reactor.sleep(for: .milliseconds(10))
      #expect(received == [1, 2, 3])
      watch.interest = .readable
      while received.count < 4 { try await Reactor.sleep(for: .milliseconds(1)) }
      watch.cancel()
      return received
    }
    #expect(text == [1, 2, 3, 4])
  }

  @Test func blockingWorkLeavesTheLoopFree() async throws {
    let ticks = try await Reactor.run { () -> Int in
      var ticks = 0
      let ticker = Reactor.task {
        while !Task.isCancelled {
          try? await Reactor.sleep(for: .milliseconds(1))
          ticks += 1
        }
      }
      let value = await Reactor.blocking { () -> Int in
        usleep(50_000)
        return 7
      }
      #expect(value == 7)
      ticker.cancel()
      return ticks
    }
    #expect(ticks > 3)
  }

  @Test func jobsFromOtherThreadsArrive() async throws {
    let tasks = (0..<200).map { index in Task { await Reactor.blocking { index } } }
    var total = 0
    for task in tasks { total += await task.value }
    #expect(total == 199 * 200 / 2)
  }
}
