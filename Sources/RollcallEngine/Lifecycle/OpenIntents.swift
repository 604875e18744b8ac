internal import LDAPModel
internal import Reactor
internal import RollcallConfiguration
internal import RollcallCore
internal import RollcallLedger

/// Removals that were planned, and whose outcome is unknown because of a crash or a lost connection.
@Reactor
final class OpenIntents {
  private unowned let engine: Engine
  private var timer: Timer?

  init(_ engine: Engine) { self.engine = engine }

  func stop() { timer?.cancel() }

  /// Checks the planned removals as soon as none of their operations can still be in flight.
  func takeUp(_ stateReader: StateReader) async throws(EngineError) {
    timer?.cancel()
    timer = nil
    let open = engine.configuration.journal == nil ? [] : try await engine.ledger.openIntents()
    if open.isEmpty { return }
    timer = Reactor.loop.after(engine.configuration.directory.timeout) { [weak engine] in
      guard let engine else { return }
      Reactor.task { await engine.intents.resolve(open, stateReader) }
    }
  }

  private func resolve(_ open: [OpenIntent], _ stateReader: StateReader) async {
    guard engine.dispatcher.isWorking, engine.stateReader === stateReader else { return }
    do throws(EngineError) {
      // A later pass may have completed some of them meanwhile.
      let still = Set(try await engine.ledger.openIntents().map(\.id))
      let intents = open.filter { still.contains($0.id) }
      for start in stride(from: 0, to: intents.count, by: 500) {
        let some = Array(intents[start..<min(start + 500, intents.count)])
        let keys = Set(some.map(\.key)).sorted()
        let entries = try await stateReader.linked(to: keys, .reading)
        let now = ContinuousClock.now
        try await engine.journal.write(
          some.map { intent in
            let entry = entries.first { stateReader.facts.dialect.entryID(of: $0) == intent.entryID }
            return intent.result(isDone: isCarriedOut(intent, entry, stateReader), at: now)
          })
      }
    } catch {
      engine.trouble(error)
    }
  }

  private func isCarriedOut(_ intent: OpenIntent, _ entry: Entry?, _ stateReader: StateReader) -> Bool {
    guard let entry else { return true }
    return intent.action == Step.What.disable.rawValue && stateReader.planner.locking(entry).isEmpty
  }
}
