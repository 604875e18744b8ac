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
    servers.onSuspects = { [weak self] in self?.awaitChanges() }
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

  /// Queues the keys confirmed last, except those that the log names: these are looked at when it is read.
  private func lookAgain() {
    let keys = servers.memory.keys.keys
    if keys.isEmpty { return }
    events.emit(.lookingAgain(keys: keys.count))
    // The windows of a former connection may have been read in part.
    guard let sweeper, sweeper.connection == link.connections, !sweeper.windows.isIdle else {
      return lookAgain(at: keys)
    }
    servers.check(unchanged(keys))
    let (connection, epoch) = (link.connections, dispatcher.queue.epochs.hold())
    Reactor.task {
      let named = (try? await sweeper.windows.unread(keys, sweeper.log)) ?? [:]
      if self.link.connections == connection { self.lookAgain(at: keys.filter { named[$0] == nil }) }
      self.dispatcher.queue.epochs.leave(epoch)
      sweeper.progress()
    }
  }

  /// Queues keys that were confirmed; their removals are decided together.
  private func lookAgain(at keys: [RosterKey]) {
    let unchanged = unchanged(keys)
    dispatcher.addTogether(keys, .sweep)
    servers.check(unchanged)
    dispatcher.pump()
  }

  /// Queued keys may have changed, and the entries of parked or held keys need not match their rows.
  private func unchanged(_ keys: [RosterKey]) -> [RosterKey] {
    keys.filter { !dispatcher.queue.contains($0) && state.parked[$0] == nil && state.held($0) == nil }
  }

  /// How long a query of another table may fail before those whom it would find are suspected.
  private static let queryPatience: Duration = .seconds(30)

  /// Waits until everybody who has changed by now is known, so that nobody is suspected whose row, or whose other tables,
  /// were read before the change was noticed.
  private func awaitChanges() {
    let connection = link.connections
    Reactor.task {
      while self.link.isConnected, self.link.connections == connection, !self.servers.suspects.isEmpty {
        let suspects = self.servers.suspects
        var deadline = ContinuousClock.now + Engine.queryPatience
        guard (try? await self.sweeper?.readAnew()) == true else {
          // Another connection, or another sweeper, follows.
          try? await Reactor.sleep(for: .milliseconds(500))
          continue
        }
        while let sweeper = self.sweeper, !sweeper.hasQueuedAll, .now < deadline {
          try? await Reactor.sleep(for: .milliseconds(50))
          if !sweeper.windows.isIdle { deadline = .now + Engine.queryPatience }
        }
        if self.link.connections == connection { self.servers.judge(suspects) }
      }
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
