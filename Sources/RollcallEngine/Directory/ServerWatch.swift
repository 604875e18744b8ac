internal import LDAP
internal import Reactor
internal import RollcallConfiguration
internal import RollcallCore
internal import RollcallLedger

/// Notices that another server answers which lacks what was confirmed, or that the same one does after a restore.
///
/// It remembers what ``ServerMemory`` says, reads the server's clock every few seconds while there are writes, and at
/// each new connection says what has to be looked at again.
@Reactor
final class ServerWatch {
  /// How often the clock is read: while something is confirmed that none covers, and while a server owes something.
  private static let every = (writing: Duration.seconds(2), owing: Duration.seconds(5))
  /// How long a server that is behind is given to catch up by itself before anything is written to it.
  private static let grace: Duration = .seconds(2)

  private let ledger: Ledger
  private let link: DirectoryLink
  private(set) var memory = ServerMemory()
  /// Where this process was connected last.
  private var url: String?
  private var timer: Timer?
  private var isReading = false
  /// Whether anything was confirmed since the clock was read.
  private var isFresh = false
  /// Keys that are looked at again although nobody has changed them.
  private var checking: Set<RosterKey> = []
  /// What the comparison that is under way will have seen; nil where none was begun on this connection.
  private var comparison: (connection: Int, seesAll: Bool)?
  /// Called when everybody has to be compared, with the reason.
  var onDoubt: (@Reactor (String) -> Void)?
  /// Called when the server has taken writes, or everybody was compared.
  var onWell: (@Reactor () -> Void)?
  var onTrouble: (@Reactor (EngineError) -> Void)?

  init(_ ledger: Ledger, _ link: DirectoryLink) {
    self.ledger = ledger
    self.link = link
  }

  // MARK: Connecting

  /// Says what a new connection asks for; waits a moment for a server that is behind.
  ///
  /// - Parameters:
  ///   - isNew: another process may have led meanwhile; what it has remembered is read.
  ///   - hasUnknown: whether the server that was lost may still carry something out.
  func connected(isNew: Bool, hasUnknown: Bool) async throws(EngineError) -> ServerMemory.Finding {
    if isNew { memory = try await ledger.serverMemory() }
    checking = []
    let isAnother = url != nil && url != link.url
    url = link.url
    let deadline = ContinuousClock.now + ServerWatch.grace
    while let facts = link.facts {
      let isBehind = facts.clock.flatMap { clock in memory.confirmed.map { clock.standing(to: $0) } } == .behind
      if !isBehind || ContinuousClock.now > deadline { break }
      try? await Reactor.sleep(for: .milliseconds(200))
      try await link.readClock()
    }
    let finding = memory.connected(link.facts?.clock, mayBeLate: isAnother && hasUnknown)
    if memory.owed != nil { schedule(after: ServerWatch.every.owing) }
    return finding
  }

  /// Notes keys that are looked at again; whoever changes one meanwhile takes it out.
  func check(_ keys: some Sequence<RosterKey>) { checking = Set(keys) }

  func disconnected() {
    timer?.cancel()
    timer = nil
    checking = []
  }

  // MARK: Working

  /// Notes that a key is looked at for a reason of its own.
  func noticed(_ key: RosterKey) { if !checking.isEmpty { checking.remove(key) } }

  /// Notes what a batch of keys has come to.
  func note(_ report: WorkReport, _ batch: [RosterKey]) {
    let applied = report.applied.lazy.map(\.key)
    if !checking.isEmpty {
      if !memory.owesComparison, let key = applied.first(where: checking.contains) { miss(key) }
      checking.subtract(batch.filter { report.verdicts[$0] != nil })
    }
    if report.applied.isEmpty { return }
    if link.tookWrite() { onWell?() }
    memory.keys.note(applied)
    isFresh = true
    schedule(after: ServerWatch.every.writing)
  }

  private func miss(_ key: RosterKey) {
    memory.missed()
    onDoubt?("the entry of key \(key) is not as it was confirmed before, though its row has not changed")
  }

  /// Takes what the ledger does not have of the confirmed keys, to be stored with the watermark.
  func takeConfirmed() -> ConfirmedKeys.Difference { memory.keys.takeDifference() }

  func putBack(_ keys: ConfirmedKeys.Difference) { memory.keys.putBack(keys) }

  // MARK: Clock

  private func schedule(after delay: Duration) {
    if timer != nil { return }
    timer = Reactor.loop.after(delay) { [weak self] in
      guard let self else { return }
      self.timer = nil
      Reactor.task { await self.look() }
    }
  }

  /// Reads the clock, and stores it with the keys that it does not cover.
  func look() async {
    guard link.isConnected, !isReading, let url = link.url, let facts = link.facts else { return }
    isReading = true
    defer { isReading = false }
    // While keys are looked at again, what they were confirmed by is not to be forgotten.
    if checking.isEmpty {
      memory.keys.close()
      let chunk = memory.keys.closed
      let connection = link.connections
      isFresh = false
      do throws(EngineError) {
        try await link.readClock()
        guard link.connections == connection, link.isConnected else { return }
        if memory.read(link.facts?.clock, after: chunk) {
          onDoubt?("what another server had confirmed has come")
        }
      } catch {
        // The connection is lost, of which the link says so.
        return
      }
    }
    await store(url, facts.identity)
    if isFresh || !checking.isEmpty || (isShared && memory.keys.hasUncovered) {
      schedule(after: ServerWatch.every.writing)
    } else if memory.owed != nil {
      schedule(after: ServerWatch.every.owing)
    }
  }

  private var isShared: Bool { memory.confirmed?.kind.isShared == true }

  private func store(_ url: String, _ identity: String) async {
    let difference = takeConfirmed()
    do throws(EngineError) {
      try await ledger.note(
        server: url, identity: identity, confirmed: memory.confirmed, owed: memory.owed, difference)
    } catch {
      putBack(difference)
      onTrouble?(error)
    }
  }

  /// Reads it twice, so that it covers what was confirmed last; to be called when nothing is on its way.
  func end() async {
    timer?.cancel()
    timer = nil
    guard isFresh || memory.keys.isUnstored else { return }
    await look()
    await look()
    timer?.cancel()
    timer = nil
  }

  // MARK: Comparing

  /// Notes that a comparison of everybody begins.
  func comparisonBegins() { comparison = (link.connections, memory.seesAll) }

  /// Notes that it has ended and all of it was written.
  func compared() async {
    guard let begun = comparison, begun.connection == link.connections, link.isConnected else { return }
    comparison = nil
    memory.compared(hasSeenAll: begun.seesAll)
    onWell?()
    await look()
  }
}
