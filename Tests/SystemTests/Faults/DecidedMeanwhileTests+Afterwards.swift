import Reactor
import RollcallCore
import Sandbox
import Testing

@testable import RollcallEngine
@testable import RollcallLedger

/// What comes between a decision and the turn that carries it out, and batches that are never decided.
extension DecidedMeanwhileTests {
  /// - Parameter isRead: whether the wipe's window is being read by then; otherwise the turn finds out that there is one.
  @Test(
    "G8: whose row comes back, and goes again with a wipe, before the removal that was decided is held with the wipe",
    arguments: [true, false])
  func wipedAfterTheDecision(isRead: Bool) async throws {
    let site = try await withEngine("{ most: 1%, least: 1 }") { engine in
      let removalGuard = engine.removalGuard
      let epoch = engine.dispatcher.queue.epochs.current
      let window = removalGuard.begin(isOfTheLog: true)
      engine.dispatcher.queue.add("a", .sweep, removalBatch: window)
      try await Self.leave("a", engine)
      try await removalGuard.decide(window, epoch: epoch)
      #expect(engine.dispatcher.queue.contains("a"), "she is allowed to go, and is paid for")
      // Her turn sees no row, as it would have before.
      let wipe = removalGuard.begin(isOfTheLog: true)
      if isRead { engine.dispatcher.queue.add("a", .sweep, removalBatch: wipe) }
      removalGuard.catchUp = { keys throws(EngineError) in
        Dictionary(uniqueKeysWithValues: keys.map { ($0, UnreadWindow(removalBatch: wipe, isPlain: false)) })
      }
      try await Self.leave("a", engine)
      removalGuard.catchUp = { _ throws(EngineError) in [:] }
      Self.park(["b", "c"], in: wipe, engine)
      let others = try await removalGuard.withhold([Self.removal("b"), Self.removal("c")])
      #expect(others == ["b", "c"])
      try await removalGuard.decide(wipe, epoch: epoch)
    }
    #expect(try await site.heldKeys() == ["a", "b", "c"])
  }

  @Test("G2: whom a storm names for another reason after the decision goes as decided")
  func namedAfterTheDecision() async throws {
    _ = try await withEngine { engine in
      let removalGuard = engine.removalGuard
      let window = removalGuard.begin(isOfTheLog: true)
      engine.dispatcher.queue.add("a", .sweep, removalBatch: window)
      try await Self.leave("a", engine)
      try await removalGuard.decide(window, epoch: engine.dispatcher.queue.epochs.current)
      let storm = removalGuard.begin(isOfTheLog: true)
      engine.dispatcher.queue.add("a", .sweep, removalBatch: storm, isPlain: true)
      #expect(try await removalGuard.withhold([Self.removal("a")]).isEmpty)
    }
  }

  @Test("G12: nothing is kept of a batch that several fill and one gives up, and the log settles")
  func givenUpByOne() async throws {
    _ = try await withEngine { engine in
      let dispatcher = engine.dispatcher
      let epoch = dispatcher.queue.epochs.current
      let removalBatch = dispatcher.begin(together: 3)
      for _ in 1...3 { dispatcher.queue.epochs.enter(epoch) }
      _ = dispatcher.queue.epochs.close()
      dispatcher.close(removalBatch, epoch: epoch)
      dispatcher.removalGuard.abandon(removalBatch)
      dispatcher.queue.epochs.leave(epoch)
      #expect(dispatcher.fillers.isEmpty)
      #expect(dispatcher.queue.epochs.settled() == nil, "one has not ended")
      dispatcher.close(removalBatch, epoch: epoch)
      #expect(dispatcher.fillers.isEmpty && dispatcher.closed.isEmpty)
      #expect(dispatcher.queue.epochs.settled() == epoch)
    }
  }
}
