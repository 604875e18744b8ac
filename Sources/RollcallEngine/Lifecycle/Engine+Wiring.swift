internal import LDAP
internal import Postgres
internal import Reactor
internal import RollcallConfiguration
internal import RollcallCore
internal import RollcallLedger

/// Connects the parts: sets the callbacks through which they inform each other.
extension Engine {
  func wire() {
    link.onLost = { [weak self] error in self?.trouble(.directory(error)) }
    link.onStrangers = { [weak self] name, count in
      self?.events.emit(.entriesOutsideBase(name, count: count))
    }
    dispatcher.unknown = unknown
    state.passwords.mayComeLate = { [weak unknown] key in unknown?.concerns(key) ?? false }
    state.keepsDisabled = { [weak unknown] keys in unknown?.keep(keys) ?? false }
    roster.health.onRecovered = { [weak self] keys in
      guard let self else { return }
      events.emit(.mappingWorks)
      dispatcher.addTogether(keys, .retry)
    }
    wireServers()
    wireDue()
    pins.wire()
    dispatcher.onTrouble = { [weak self] error in self?.trouble(error) }
    dispatcher.onProgress = { [weak self] in
      self?.sweeper?.progress()
      self?.due.progress()
      self?.due.poke()
    }
    dispatcher.givesWay = { [weak self] in self?.sweeper?.givesWay ?? false }
    dispatcher.onParked = { [weak self] delay in self?.retrier.schedule(after: delay) }
    dispatcher.onReferrers = { [weak self] in self?.takeUpReferences() }
    dispatcher.onDecided = { [weak self] removalBatch throws(EngineError) in try await self?.decided(removalBatch) }
    dispatcher.onBreaker = { [weak self] problem in self?.noteBreaker(problem) }
    unknown.onTakeover = { [weak self] watermark, epoch in self?.sweeper?.read(after: watermark, epoch) }
    unknown.onOverflow = { [weak self] in self?.requestReconcile() }
    retrier.onTrouble = { [weak self] error in self?.trouble(error) }
    dispatcher.onPause = { [weak leader] in leader?.refreshInPause() }
    leader.onLost = { [weak self] error in self?.trouble(error) }
    leader.onStranger = { [weak self] holder in
      self?.events.emit(.lockHeldByStranger(holder: holder.text, fix: holder.fix))
    }
    problems.isForeign = { [weak self] () throws(EngineError) in try await self?.isLedElsewhere() ?? false }
    removalGuard.catchUp = { [weak self] keys throws(EngineError) in try await self?.catchUp(keys) ?? [:] }
    journal.sources = { [weak sources] in sources?.condition ?? "true" }
    dispatcher.sources = { [weak sources] in sources?.condition ?? "true" }
    removalGuard.record = { [weak self] removals, reason throws(EngineError) in
      try await self?.recordHeld(removals, reason)
    }
    removalGuard.onHeld = { [weak self] removals, reason in self?.events.emit(.held(removals, reason)) }
    removalGuard.count = { [weak self] kind, limit throws(EngineError) in
      guard let self else { return 0 }
      // For a leaver a few entries suffice, and she does not wait for bulk writes.
      let lane: DirectoryLink.Lane = limit.map { $0 <= Engine.fewEntries } == true ? .fast : .bulk
      if kind == .memberships { return try await self.groups?.countMembers(upTo: limit, lane) ?? 0 }
      return try await self.countManaged(upTo: limit, self.stateReader, lane: lane)
    }
  }
}
