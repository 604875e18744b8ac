internal import LDAP
internal import Reactor
internal import RollcallConfiguration
internal import RollcallCore
internal import RollcallLedger

/// Reacts when another server answers, or the same server with different data.
extension Engine {
  func wireServers() {
    dispatcher.servers = servers
    servers.onDoubt = { [weak self] reason in self?.compareSoon(reason) }
    servers.onSuspects = { [weak self] in self?.searchLog() }
    servers.onWell = { [weak self] in self?.noteServerIsWell() }
    servers.onTrouble = { [weak self] error in self?.trouble(error) }
  }

  /// Checks again what the server just connected may lack.
  ///
  /// - Parameter comparesAnyway: whether a full comparison starts for another reason.
  func takeUp(_ finding: ServerMemory.Finding, comparesAnyway: Bool) {
    let server = link.url ?? "the server"
    if finding != .lookAgain { state.passwords.isInDoubt = true }
    // Of the last connection: its log was not searched to the end.
    servers.judge(servers.suspects, isCompared: comparesAnyway)
    if comparesAnyway { return }
    switch finding {
    case .lookAgain: lookAgain()
    case .behind: compareSoon("\(server) lacks writes that were confirmed before")
    case .tooMany: compareSoon("too many writes were confirmed just before the connection was lost to check each")
    case .caughtUp: compareSoon("\(server) has caught up with what another server had confirmed")
    }
  }

  /// Queues the keys confirmed last; their removals are decided together.
  private func lookAgain() {
    let keys = servers.memory.keys.keys
    if keys.isEmpty { return }
    events.emit(.lookingAgain(keys: keys.count))
    // Queued keys may have changed, and the entries of parked or held keys need not match their rows.
    let unchanged = keys.filter {
      !dispatcher.queue.contains($0) && state.parked[$0] == nil && state.held($0) == nil
    }
    dispatcher.addTogether(keys, .sweep)
    servers.check(unchanged)
    dispatcher.pump()
  }

  /// How long the people of other tables' changes are waited for.
  private static let queryPatience: Duration = .seconds(30)

  /// Learns who has changed by now, so that nobody is suspected whose row, or whose other tables, were read before the
  /// change was noticed.
  private func searchLog() {
    let connection = link.connections
    Reactor.task {
      while self.link.connections == connection, !self.servers.suspects.isEmpty {
        let suspects = self.servers.suspects
        do throws(EngineError) {
          for key in try await self.catchUp(Array(suspects)).keys { self.servers.noticed(key) }
        } catch {
          // The next connection decides.
          return
        }
        await self.hasAsked()
        if self.link.connections == connection { self.servers.judge(suspects) }
      }
    }
  }

  /// Waits until the people whom the changes of other tables concern are known, or cannot be found for a while.
  private func hasAsked() async {
    let deadline = ContinuousClock.now + Engine.queryPatience
    while let sweeper, sweeper.keyQueries.contains(where: { $0.open > 0 }), .now < deadline {
      try? await Reactor.sleep(for: .milliseconds(50))
    }
  }

  /// Starts a full comparison in the background, at once or after a pause that grows each time.
  func compareSoon(_ reason: String) {
    state.passwords.isInDoubt = true
    let delay = reconciles.pace.delay(
      .now, most: configuration.reconcile.every, random: Double.random(in: 0..<1))
    problems.set(
      .server, message: "\(reason): everybody is compared",
      fix: "if this recurs, check that the servers of directory.url replicate to each other")
    guard delay > .zero else { return compareNow(reason) }
    events.emit(.comparisonDeferred(because: reason, delay))
    reconciles.paceTimer?.cancel()
    reconciles.paceTimer = Reactor.loop.after(delay) { [weak self] in
      guard let self else { return }
      self.reconciles.paceTimer = nil
      if self.dispatcher.isWorking, self.servers.memory.owesComparison { self.compareNow(reason) }
    }
  }

  private func compareNow(_ reason: String) {
    // A comparison that is already waiting serves as well.
    if !reconciles.wanted.isEmpty { return }
    events.emit(.comparing(because: reason))
    reconciles.why = reason
    requestReconcile()
    onState?()
  }

  /// Stops everything that waits for replies from the directory.
  func disconnected() {
    unknown.disconnected()
    servers.disconnected()
  }

  /// Closes the connections to the directory.
  func giveUp(_ error: LDAPError) {
    noteReadOnly(error)
    link.close()
  }

  /// Notes that a server does not accept writes, so that another one is tried.
  private func noteReadOnly(_ error: LDAPError) {
    guard ErrorClassifier.isReadOnly(error.code, error.diagnostic), let url = link.url else { return }
    let goesOn = link.takesNoWrites(error)
    events.emit(.serverTakesNoWrites(url: url, error: "\(error)", goesOn: goesOn))
    if goesOn { return }
    problems.set(
      .server, message: "no server of directory.url takes writes; the last one, \(url), says: \(error)",
      fix: "name the server that takes writes in directory.url")
  }

  /// Clears the server's problem, unless the server still has to be compared.
  func noteServerIsWell() {
    if !servers.memory.owesComparison { problems.clear(.server) }
  }
}
