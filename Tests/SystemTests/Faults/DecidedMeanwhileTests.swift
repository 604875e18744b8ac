import LDAP
import LDAPModel
import Reactor
import RollcallCore
import Sandbox
import Testing

@testable import RollcallEngine
@testable import RollcallLedger

/// G2, G8: a removal that meets a batch while that is being decided is neither lost nor paid for alone.
@Suite struct DecidedMeanwhileTests {
  static func removal(_ key: RosterKey) -> Removal {
    Removal(key: key, action: .delete, dn: DistinguishedName(unchecked: "uid=\(key),dc=example,dc=com"))
  }

  /// An engine that is not connected to its directory, with a ledger that is real.
  func withEngine(
    _ removals: String = "{ most: 10%, least: 25 }", _ body: @escaping @Reactor @Sendable (Engine) async throws -> Void
  ) async throws -> Site {
    var settings = SiteSettings()
    settings.more = "removals: \(removals)"
    let site = try await World.shared.site(settings)
    try await site.sync()
    let configuration = site.configuration
    try await Reactor.run {
      let engine = try Engine(configuration, logger: Site.logger)
      defer { engine.close() }
      engine.removalGuard.catchUp = { _ throws(EngineError) in [:] }
      engine.removalGuard.count = { _, _ throws(EngineError) in 100 }
      try await body(engine)
    }
    return site
  }

  /// Hands keys in with a batch and ends their turns without a removal, as of those that are parked.
  @Reactor
  static func park(_ keys: [RosterKey], in batch: RemovalBatch, _ engine: Engine) {
    for key in keys { engine.dispatcher.queue.add(key, .sweep, removalBatch: batch) }
    _ = engine.dispatcher.queue.take(keys.count, within: .leaver ... .reconcile)
    for key in keys { engine.dispatcher.queue.finish(key, staying: false) }
  }

  /// Has the next turn, this key's, leave its removal to others.
  @Reactor
  static func leave(
    _ key: RosterKey, _ engine: Engine, _ location: SourceLocation = #_sourceLocation
  ) async throws {
    _ = engine.dispatcher.queue.take(1, within: .leaver ... .reconcile)
    let withheld = try await engine.removalGuard.withhold([removal(key)])
    #expect(withheld == [key], sourceLocation: location)
    engine.dispatcher.queue.finish(key)
  }

  @Test("G2: a row that goes while its batch is decided is decided with it")
  func whoJoinsLateIsAllowed() async throws {
    _ = try await withEngine { engine in
      let removalGuard = engine.removalGuard
      let batch = removalGuard.begin()
      Self.park(["a", "late"], in: batch, engine)
      #expect(try await removalGuard.withhold([Self.removal("a")]) == ["a"])
      removalGuard.count = { [weak removalGuard] _, _ throws(EngineError) in
        let withheld = try await removalGuard?.withhold([Self.removal("late")])
        #expect(withheld == ["late"])
        return 100
      }
      try await removalGuard.decide(batch, epoch: engine.dispatcher.queue.epochs.current)
      #expect(engine.dispatcher.queue.contains("a") && engine.dispatcher.queue.contains("late"))
      #expect(try await removalGuard.withhold([Self.removal("a"), Self.removal("late")]).isEmpty)
    }
  }

  @Test("G8: where its batch is held, it is held too, although it alone would be allowed")
  func whoJoinsLateIsHeld() async throws {
    let site = try await withEngine("{ most: 1%, least: 0 }") { engine in
      let removalGuard = engine.removalGuard
      let batch = removalGuard.begin()
      Self.park(["a", "b", "late"], in: batch, engine)
      #expect(try await removalGuard.withhold([Self.removal("a"), Self.removal("b")]) == ["a", "b"])
      removalGuard.count = { [weak removalGuard] _, _ throws(EngineError) in
        let withheld = try await removalGuard?.withhold([Self.removal("late")])
        #expect(withheld == ["late"])
        return 100
      }
      try await removalGuard.decide(batch, epoch: engine.dispatcher.queue.epochs.current)
    }
    #expect(try await site.heldKeys() == ["a", "b", "late"])
    #expect(try await site.sql("SELECT count(*) FROM rollcall.removal") == "0")
  }

  @Test("G2: what is a part of two batches that are decided at once goes with the last")
  func twoBatchesAtOnce() async throws {
    _ = try await withEngine { engine in
      let removalGuard = engine.removalGuard
      let epoch = engine.dispatcher.queue.epochs.current
      let (first, second) = (removalGuard.begin(), removalGuard.begin())
      engine.dispatcher.queue.add("a", .sweep, removalBatch: first)
      Self.park(["a"], in: second, engine)
      #expect(try await removalGuard.withhold([Self.removal("a")]) == ["a"])
      let other = Reactor.task { try? await removalGuard.decide(second, epoch: epoch) }
      try await removalGuard.decide(first, epoch: epoch)
      await other.value
      #expect(engine.dispatcher.queue.contains("a"))
      #expect(try await removalGuard.withhold([Self.removal("a")]).isEmpty)
    }
  }

  @Test("G2: a leaver whom another batch decides goes with that one, not with a window that names her besides")
  func aLeaverInAWindow() async throws {
    _ = try await withEngine { engine in
      let removalGuard = engine.removalGuard
      let epoch = engine.dispatcher.queue.epochs.current
      let (retried, window) = (removalGuard.begin(), removalGuard.begin(isOfTheLog: true))
      engine.dispatcher.queue.add("a", .sweep, removalBatch: retried)
      engine.dispatcher.queue.add("a", .sweep, removalBatch: window, isPlain: true)
      engine.dispatcher.queue.add("a", .leaver, isLeaver: true)
      #expect(engine.dispatcher.queue.take(1, within: .leaver ... .leaver)?.keys == ["a"])
      #expect(try await removalGuard.withhold([Self.removal("a")]) == ["a"])
      engine.dispatcher.queue.finish("a")
      try await removalGuard.decide(retried, epoch: epoch)
      #expect(engine.dispatcher.queue.contains("a"), "nobody else decides")
      #expect(try await removalGuard.withhold([Self.removal("a")]).isEmpty)
    }
  }

  @Test("G8: a removal that is left to a window as well waits for that, too, whatever it names the person for")
  func leftToAWindow() async throws {
    _ = try await withEngine { engine in
      let removalGuard = engine.removalGuard
      let epoch = engine.dispatcher.queue.epochs.current
      let (first, window) = (removalGuard.begin(), removalGuard.begin(isOfTheLog: true))
      engine.dispatcher.queue.add("a", .sweep, removalBatch: first)
      engine.dispatcher.queue.add("a", .sweep, removalBatch: window, isPlain: true)
      try await Self.leave("a", engine)
      try await removalGuard.decide(first, epoch: epoch)
      #expect(!engine.dispatcher.queue.contains("a"))
      try await removalGuard.decide(window, epoch: epoch)
      #expect(engine.dispatcher.queue.contains("a"))
    }
  }

  @Test("G2: a removal that one batch leaves to another is decided by that one, though nothing is found there")
  func leftToAnother() async throws {
    _ = try await withEngine { engine in
      let removalGuard = engine.removalGuard
      let epoch = engine.dispatcher.queue.epochs.current
      let first = removalGuard.begin()
      engine.dispatcher.queue.add("a", .sweep, removalBatch: first)
      try await Self.leave("a", engine)
      let second = removalGuard.begin()
      engine.dispatcher.queue.add("a", .sweep, removalBatch: second)
      try await removalGuard.decide(first, epoch: epoch)
      _ = engine.dispatcher.queue.take(1, within: .leaver ... .reconcile)
      engine.dispatcher.queue.finish("a")
      #expect(!engine.dispatcher.queue.contains("a"))
      try await removalGuard.decide(second, epoch: epoch)
      #expect(engine.dispatcher.queue.contains("a"))
    }
  }

  @Test("G8: whose row a wipe has deleted since is not removed by a window that named the person for another reason")
  func aWipeBehindAWindow() async throws {
    _ = try await withEngine { engine in
      let removalGuard = engine.removalGuard
      let epoch = engine.dispatcher.queue.epochs.current
      let (window, wipe) = (removalGuard.begin(isOfTheLog: true), removalGuard.begin(isOfTheLog: true))
      engine.dispatcher.queue.add("a", .sweep, removalBatch: window, isPlain: true)
      try await Self.leave("a", engine)
      removalGuard.catchUp = { keys throws(EngineError) in
        Dictionary(uniqueKeysWithValues: keys.map { ($0, UnreadWindow(removalBatch: wipe, isPlain: false)) })
      }
      try await removalGuard.decide(window, epoch: epoch)
      #expect(!engine.dispatcher.queue.contains("a") && engine.dispatcher.queue.removalBatches.of("a") == [wipe])
      removalGuard.catchUp = { _ throws(EngineError) in [:] }
      try await removalGuard.decide(wipe, epoch: epoch)
      #expect(engine.dispatcher.queue.contains("a"))
      #expect(try await removalGuard.withhold([Self.removal("a")]).isEmpty)
    }
  }

  @Test("G8: who is held with a batch while the log is asked stays, although alone she would be allowed")
  func heldMeanwhile() async throws {
    let site = try await withEngine("{ most: 1%, least: 1 }") { engine in
      let removalGuard = engine.removalGuard
      let epoch = engine.dispatcher.queue.epochs.current
      let batch = removalGuard.begin()
      Self.park(["a", "b"], in: batch, engine)
      let both = try await removalGuard.withhold([Self.removal("a"), Self.removal("b")])
      #expect(both == ["a", "b"])
      engine.dispatcher.queue.add("a", .notification)
      _ = engine.dispatcher.queue.take(1, within: .leaver ... .reconcile)
      removalGuard.catchUp = { [weak removalGuard] _ throws(EngineError) in
        removalGuard?.catchUp = { _ throws(EngineError) in [:] }
        try await removalGuard?.decide(batch, epoch: epoch)
        return [:]
      }
      let withheld = try await removalGuard.withhold([Self.removal("a")])
      #expect(withheld == ["a"])
    }
    #expect(try await site.heldKeys() == ["a", "b"])
    #expect(try await site.sql("SELECT count(*) FROM rollcall.removal") == "0")
  }

  @Test("G2: a window that was decided while the log was asked takes nobody any more")
  func aWindowThatIsOver() async throws {
    _ = try await withEngine { engine in
      let removalGuard = engine.removalGuard
      let window = removalGuard.begin(isOfTheLog: true)
      removalGuard.catchUp = { [weak removalGuard] keys throws(EngineError) in
        try await removalGuard?.decide(window, epoch: 0)
        return Dictionary(uniqueKeysWithValues: keys.map { ($0, UnreadWindow(removalBatch: window, isPlain: false)) })
      }
      engine.dispatcher.queue.add("a", .notification)
      let withheld = try await removalGuard.withhold([Self.removal("a")])
      #expect(withheld.isEmpty, "nobody else would decide over it")
      #expect(engine.dispatcher.queue.removalBatches.of("a").isEmpty)
    }
  }

  @Test("G2: one that was abandoned meanwhile leaves it to its successor")
  func aWindowThatBeginsAnew() async throws {
    _ = try await withEngine { engine in
      let removalGuard = engine.removalGuard
      let window = removalGuard.begin(isOfTheLog: true)
      removalGuard.catchUp = { [weak removalGuard] keys throws(EngineError) in
        removalGuard?.abandon(window)
        return Dictionary(uniqueKeysWithValues: keys.map { ($0, UnreadWindow(removalBatch: window, isPlain: false)) })
      }
      engine.dispatcher.queue.add("a", .notification)
      try await Self.leave("a", engine)
      #expect(engine.dispatcher.queue.removalBatches.of("a").isEmpty)
    }
  }

  @Test("G2: who leaves while everybody is compared for the log does not wait for the next comparison if that fails")
  func aComparisonThatFails() async throws {
    _ = try await withEngine { engine in
      let removalGuard = engine.removalGuard
      let comparison = removalGuard.begin()
      removalGuard.comparison.begin(
        .init(removalBatch: comparison, seen: SeenLinks(.caseExact), isOfTheLog: true))
      for key: RosterKey in ["a", "group"] {
        engine.dispatcher.queue.add(key, key == "a" ? .notification : .retry)
        try await Self.leave(key, engine)
      }
      removalGuard.comparison.end(completely: false)
      removalGuard.abandon(comparison)
      engine.failed(.directory(LDAPError(code: .sizeLimitExceeded, operation: "search")))
      #expect(engine.dispatcher.queue.contains("a"))
      #expect(try await removalGuard.withhold([Self.removal("a")]).isEmpty, "she goes alone")
      #expect(!engine.dispatcher.queue.contains("group"), "only a comparison finds who else is a part of that")
    }
  }

  @Test("G2: who leaves before the comparison begins that the log asks for does not wait for the next one if it fails")
  func aComparisonThatIsAwaited() async throws {
    _ = try await withEngine { engine in
      engine.removalGuard.comparison.isAwaited = true
      engine.dispatcher.queue.add("a", .notification)
      try await Self.leave("a", engine)
      #expect(!engine.dispatcher.queue.contains("a"))
      engine.failed(.directory(LDAPError(code: .sizeLimitExceeded, operation: "search")))
      #expect(engine.dispatcher.queue.contains("a"))
    }
  }

  @Test("G4: what is left to a comparison that the log has not asked for keeps the log open from the change on")
  func leftToAComparison() async throws {
    _ = try await withEngine { engine in
      engine.removalGuard.comparison.expect(.clockJumped)
      engine.dispatcher.queue.add("a", .notification)
      _ = engine.dispatcher.queue.epochs.close()
      engine.requestReconcile()
      try await Self.leave("a", engine)
      #expect(engine.dispatcher.queue.epochs.settled() == nil, "a successor would not hear of it")
    }
  }

  @Test("G8: who was held by a decision whose answer was lost is looked at again all the same")
  func anAnswerThatWasLost() async throws {
    let site = try await withEngine { engine in
      let removalGuard = engine.removalGuard
      let batch = removalGuard.begin()
      Self.park(["a"], in: batch, engine)
      #expect(try await removalGuard.withhold([Self.removal("a")]) == ["a"])
      try await engine.state.hold([Self.removal("a")], .people, because: .firstComparison)
      try await removalGuard.decide(batch, epoch: engine.dispatcher.queue.epochs.current)
      #expect(engine.dispatcher.queue.contains("a"), "its row may have come back before there was a hold")
    }
    #expect(try await site.heldKeys() == ["a"])
  }
}
