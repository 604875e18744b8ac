internal import LDAPModel
internal import Reactor
internal import RollcallConfiguration
internal import RollcallCore
internal import RollcallLedger

/// The journal's rows that no pass writes.
extension Engine {
  /// Writes down that removals are held.
  func recordHeld(_ removals: [Removal], _ reason: RemovalBudget.Reason) async throws(EngineError) {
    let now = ContinuousClock.now
    try await journal.write(
      removals.map { removal in
        var row = JournalRow("hold", .done, key: removal.key, dn: removal.dn.text, at: now)
        row.origin = dispatcher.originsInFlight[removal.key] ?? dispatcher.origins[removal.key] ?? Origin()
        row.message = "\(removal.action.rawValue): \(reason.explanation)"
        return row
      })
  }
}

/// Removals that were intended, and of which a crash or a lost connection has left the end open.
extension Engine {
  /// Has what is open now looked at when nothing of it can be on its way any more.
  func takeUpIntents(_ stateReader: StateReader) async throws(EngineError) {
    intentTimer?.cancel()
    intentTimer = nil
    let open = configuration.journal == nil ? [] : try await ledger.openIntents()
    if open.isEmpty { return }
    intentTimer = Reactor.loop.after(configuration.directory.timeout) { [weak self] in
      Reactor.task { await self?.resolve(open, stateReader) }
    }
  }

  private func resolve(_ open: [OpenIntent], _ stateReader: StateReader) async {
    guard dispatcher.isWorking, self.stateReader === stateReader else { return }
    do throws(EngineError) {
      // Meanwhile a pass may have done what was intended before.
      let still = Set(try await ledger.openIntents().map(\.id))
      let intents = open.filter { still.contains($0.id) }
      for start in stride(from: 0, to: intents.count, by: 500) {
        let some = Array(intents[start..<min(start + 500, intents.count)])
        let keys = Set(some.map(\.key)).sorted()
        let entries = try await stateReader.linked(to: keys, .reading)
        let now = ContinuousClock.now
        try await journal.write(
          some.map { intent in
            let entry = entries.first { stateReader.facts.dialect.entryID(of: $0) == intent.entryID }
            return intent.result(isDone: isCarriedOut(intent, entry, stateReader), at: now)
          })
      }
    } catch {
      trouble(error)
    }
  }

  private func isCarriedOut(_ intent: OpenIntent, _ entry: Entry?, _ stateReader: StateReader) -> Bool {
    guard let entry else { return true }
    return intent.action == Step.What.disable.rawValue && stateReader.planner.locking(entry).isEmpty
  }
}
