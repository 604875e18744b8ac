internal import LDAP
internal import Reactor
internal import RollcallConfiguration
internal import RollcallCore
internal import RollcallLedger

/// Detects that a server lacks confirmed writes, because it is another one or was restored.
///
/// It stores the state of ``ServerMemory``, reads the server's clock every few seconds while there are writes, and
/// decides at each new connection what has to be checked again.
@Reactor
final class ServerWatch {
  /// How often the clock is read: while confirmed writes are not covered, and while a server owes writes.
  private static let every = (writing: Duration.seconds(2), owing: Duration.seconds(5))
  /// How long a server that is behind may take to catch up before anything is written to it.
  private static let grace: Duration = .seconds(2)

  private let ledger: Ledger
  private let link: DirectoryLink
  private(set) var memory = ServerMemory()
  /// The last URL to which this process was connected.
  private var url: String?
  private var timer: Timer?
  private var isReading = false
  /// Whether anything was confirmed since the clock was read.
  private var isFresh = false
  /// Keys that are checked again although their rows have not changed.
  private var checking: Set<RosterKey> = []
  /// Those of them whose entries differ from what was confirmed, until it is known whether they have changed.
  private(set) var suspects: Set<RosterKey> = [] {
    didSet { memory.note(isSuspected: !suspects.isEmpty) }
  }
  /// What the current comparison will have seen; nil if none was started on this connection.
  private var comparison: (connection: Int, seesAll: Bool)?
  /// Called with the reason when a full comparison is needed.
  var onDoubt: (@Reactor (String) -> Void)?
  /// Called when there are suspects, to call ``judge(_:isCompared:)`` as soon as every change of now is known.
  var onSuspects: (@Reactor () -> Void)?
  /// Called when the server has accepted writes, or a full comparison has ended.
  var onWell: (@Reactor () -> Void)?
  var onTrouble: (@Reactor (EngineError) -> Void)?

  init(_ ledger: Ledger, _ link: DirectoryLink) {
    self.ledger = ledger
    self.link = link
  }

  // MARK: Connecting

  /// Decides what a new connection requires; waits a moment for a server that is behind.
  ///
  /// - Parameters:
  ///   - isNew: whether another process may have led meanwhile; its stored state is read.
  ///   - hasUnknown: whether the lost server may still carry out operations.
  func connected(isNew: Bool, hasUnknown: Bool) async throws(EngineError) -> ServerMemory.Finding {
    if isNew {
      memory = try await ledger.serverMemory()
      memory.note(isSuspected: !suspects.isEmpty)
    }
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

  /// Records keys that are checked again; a key that changes meanwhile is removed.
  func check(_ keys: some Sequence<RosterKey>) { checking = Set(keys) }

  func disconnected() {
    timer?.cancel()
    timer = nil
    checking = []
  }

  // MARK: Working

  /// Records that a key is looked at for a reason of its own.
  func noticed(_ key: RosterKey) {
    if !checking.isEmpty { checking.remove(key) }
    if suspects.contains(key) { suspects.remove(key) }
  }

  /// Records the results of a batch of keys.
  func note(_ report: WorkReport, _ batch: [RosterKey]) {
    let applied = report.applied.lazy.map(\.key)
    if !checking.isEmpty {
      if !memory.owesComparison || memory.isSuspected {
        suspect(applied.filter { self.checking.contains($0) && !report.followed.contains($0) })
      }
      checking.subtract(batch.filter { report.verdicts[$0] != nil && !suspects.contains($0) })
    }
    if report.applied.isEmpty { return }
    if link.tookWrite() { onWell?() }
    memory.keys.note(applied)
    isFresh = true
    schedule(after: ServerWatch.every.writing)
  }

  private func suspect(_ keys: some Collection<RosterKey>) {
    if keys.isEmpty { return }
    let isFirst = suspects.isEmpty
    suspects.formUnion(keys)
    if isFirst { onSuspects?() }
  }

  /// Decides that some of the suspects have not changed, so that the server lacks what was confirmed.
  ///
  /// - Parameters:
  ///   - some: those for whose changes the log was searched; one who was noticed meanwhile is no suspect any more.
  ///   - isCompared: whether everybody is compared anyway.
  func judge(_ some: Set<RosterKey>, isCompared: Bool = false) {
    guard let key = some.first(where: suspects.contains) else { return }
    checking.subtract(suspects)
    suspects = []
    if isCompared { return }
    memory.missed()
    onDoubt?("the entry of key \(key) differs from what was confirmed before, although its row has not changed")
  }

  /// Takes the confirmed keys that are not in the ledger, to store them with the watermark.
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
    // While keys are checked again, their chunks must not be dropped.
    if checking.isEmpty {
      memory.keys.close()
      let chunk = memory.keys.closed
      let connection = link.connections
      isFresh = false
      do throws(EngineError) {
        try await link.readClock()
        guard link.connections == connection, link.isConnected else { return }
        if memory.read(link.facts?.clock, after: chunk) {
          onDoubt?("writes confirmed by another server have arrived")
        }
      } catch {
        // The link reports the lost connection.
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

  /// Reads the clock twice, so that it covers the last confirmed writes; call it when nothing is in flight.
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

  /// Records that a full comparison begins.
  func comparisonBegins() { comparison = (link.connections, memory.seesAll) }

  /// Records that it has ended and all its changes were written.
  func compared() async {
    guard let begun = comparison, begun.connection == link.connections, link.isConnected else { return }
    comparison = nil
    memory.compared(hasSeenAll: begun.seesAll)
    onWell?()
    await look()
  }
}
