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
  private static func removal(_ key: RosterKey) -> Removal {
    Removal(key: key, action: .delete, dn: DistinguishedName(unchecked: "uid=\(key),dc=example,dc=com"))
  }

  /// An engine that is not connected to its directory, with a ledger that is real.
  private func withEngine(
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
      engine.gatekeeper.catchUp = { _ throws(EngineError) in [:] }
      engine.gatekeeper.count = { _, _ throws(EngineError) in 100 }
      try await body(engine)
    }
    return site
  }

  /// Hands keys in with a batch and ends their turns without a removal, as of those that are parked.
  @Reactor
  private static func park(_ keys: [RosterKey], in batch: Gathering, _ engine: Engine) {
    for key in keys { engine.provisioner.queue.add(key, .sweep, gathering: batch) }
    _ = engine.provisioner.queue.take(keys.count, within: .notification ... .reconcile)
    for key in keys { engine.provisioner.queue.finish(key, staying: false) }
  }

  @Test("G2: a row that goes while its batch is decided is decided with it")
  func whoJoinsLateIsAllowed() async throws {
    _ = try await withEngine { engine in
      let gatekeeper = engine.gatekeeper
      let batch = gatekeeper.begin()
      Self.park(["a", "late"], in: batch, engine)
      #expect(try await gatekeeper.withhold([Self.removal("a")]) == ["a"])
      gatekeeper.count = { [weak gatekeeper] _, _ throws(EngineError) in
        let withheld = try await gatekeeper?.withhold([Self.removal("late")])
        #expect(withheld == ["late"])
        return 100
      }
      try await gatekeeper.decide(batch, epoch: engine.provisioner.queue.epochs.current)
      #expect(engine.provisioner.queue.contains("a") && engine.provisioner.queue.contains("late"))
      #expect(try await gatekeeper.withhold([Self.removal("a"), Self.removal("late")]).isEmpty)
    }
  }

  @Test("G8: where its batch is held, it is held too, although it alone would be allowed")
  func whoJoinsLateIsHeld() async throws {
    let site = try await withEngine("{ most: 1%, least: 0 }") { engine in
      let gatekeeper = engine.gatekeeper
      let batch = gatekeeper.begin()
      Self.park(["a", "b", "late"], in: batch, engine)
      #expect(try await gatekeeper.withhold([Self.removal("a"), Self.removal("b")]) == ["a", "b"])
      gatekeeper.count = { [weak gatekeeper] _, _ throws(EngineError) in
        let withheld = try await gatekeeper?.withhold([Self.removal("late")])
        #expect(withheld == ["late"])
        return 100
      }
      try await gatekeeper.decide(batch, epoch: engine.provisioner.queue.epochs.current)
    }
    #expect(try await site.heldKeys() == ["a", "b", "late"])
    #expect(try await site.sql("SELECT count(*) FROM rollcall.removal") == "0")
  }

  @Test("G2: what is a part of two batches that are decided at once goes with the last")
  func twoBatchesAtOnce() async throws {
    _ = try await withEngine { engine in
      let gatekeeper = engine.gatekeeper
      let epoch = engine.provisioner.queue.epochs.current
      let (first, second) = (gatekeeper.begin(), gatekeeper.begin())
      engine.provisioner.queue.add("a", .sweep, gathering: first)
      Self.park(["a"], in: second, engine)
      #expect(try await gatekeeper.withhold([Self.removal("a")]) == ["a"])
      let other = Reactor.task { try? await gatekeeper.decide(second, epoch: epoch) }
      try await gatekeeper.decide(first, epoch: epoch)
      await other.value
      #expect(engine.provisioner.queue.contains("a"))
      #expect(try await gatekeeper.withhold([Self.removal("a")]).isEmpty)
    }
  }

  @Test("G2: a window that was decided while the log was asked takes nobody any more")
  func aWindowThatIsOver() async throws {
    _ = try await withEngine { engine in
      let gatekeeper = engine.gatekeeper
      let window = gatekeeper.begin(isOfTheLog: true)
      gatekeeper.catchUp = { [weak gatekeeper] keys throws(EngineError) in
        try await gatekeeper?.decide(window, epoch: 0)
        return Dictionary(uniqueKeysWithValues: keys.map { ($0, window) })
      }
      engine.provisioner.queue.add("a", .notification)
      let withheld = try await gatekeeper.withhold([Self.removal("a")])
      #expect(withheld.isEmpty, "nobody else would decide over it")
      #expect(engine.provisioner.queue.gatherings.of("a").isEmpty)
    }
  }

  @Test("G2: one that was abandoned meanwhile leaves it to its successor")
  func aWindowThatBeginsAnew() async throws {
    _ = try await withEngine { engine in
      let gatekeeper = engine.gatekeeper
      let window = gatekeeper.begin(isOfTheLog: true)
      gatekeeper.catchUp = { [weak gatekeeper] keys throws(EngineError) in
        gatekeeper?.abandon(window)
        return Dictionary(uniqueKeysWithValues: keys.map { ($0, window) })
      }
      engine.provisioner.queue.add("a", .notification)
      _ = engine.provisioner.queue.take(1, within: .notification ... .reconcile)
      let withheld = try await gatekeeper.withhold([Self.removal("a")])
      #expect(withheld == ["a"])
      engine.provisioner.queue.finish("a", staying: false)
      #expect(engine.provisioner.queue.gatherings.of("a").isEmpty)
    }
  }

  @Test("G2: who leaves while everybody is compared for the log does not wait for the next comparison if that fails")
  func aComparisonThatFails() async throws {
    _ = try await withEngine { engine in
      let gatekeeper = engine.gatekeeper
      let comparison = gatekeeper.begin()
      gatekeeper.comparison.begin(
        .init(gathering: comparison, seen: SeenLinks(.caseExact), isOfTheLog: true))
      for key: RosterKey in ["a", "group"] {
        engine.provisioner.queue.add(key, key == "a" ? .notification : .retry)
        _ = engine.provisioner.queue.take(1, within: .notification ... .reconcile)
        let withheld = try await gatekeeper.withhold([Self.removal(key)])
        #expect(withheld == [key])
        engine.provisioner.queue.finish(key, staying: false)
      }
      gatekeeper.comparison.end(completely: false)
      gatekeeper.abandon(comparison)
      engine.failed(.directory(LDAPError(code: .sizeLimitExceeded, operation: "search")))
      #expect(engine.provisioner.queue.contains("a"))
      #expect(try await gatekeeper.withhold([Self.removal("a")]).isEmpty, "she goes alone")
      #expect(!engine.provisioner.queue.contains("group"), "only a comparison finds who else is a part of that")
    }
  }

  @Test("G8: who was held by a decision whose answer was lost is looked at again all the same")
  func anAnswerThatWasLost() async throws {
    let site = try await withEngine { engine in
      let gatekeeper = engine.gatekeeper
      let batch = gatekeeper.begin()
      Self.park(["a"], in: batch, engine)
      #expect(try await gatekeeper.withhold([Self.removal("a")]) == ["a"])
      try await engine.state.hold([Self.removal("a")], .people, because: .firstComparison)
      try await gatekeeper.decide(batch, epoch: engine.provisioner.queue.epochs.current)
      #expect(engine.provisioner.queue.contains("a"), "its row may have come back before there was a hold")
    }
    #expect(try await site.heldKeys() == ["a"])
  }
}
