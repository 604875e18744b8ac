internal import Reactor
internal import RollcallAdministration
internal import RollcallLedger

/// `/metrics`: whoever asks, and however often, the database is asked once a second.
@Reactor
final class MetricsCache {
  private static let fresh: Duration = .seconds(1)

  private let reader: LedgerReader
  private var latest: (at: ContinuousClock.Instant, text: String)?
  private var reading: Task<String, Never>?

  init(_ reader: LedgerReader) { self.reader = reader }

  func text() async -> String {
    if let latest, ContinuousClock.now - latest.at < Self.fresh { return latest.text }
    // Those who ask meanwhile get the same answer.
    if let reading { return await reading.value }
    let task = Task(executorPreference: Reactor.loop) { await self.read() }
    reading = task
    let text = await task.value
    reading = nil
    latest = (.now, text)
    return text
  }

  private func read() async -> String {
    // That the database does not answer is a metric, too.
    do throws(EngineError) { return try await MetricsPage.text(reader.sessions.next) } catch {
      return MetricsPage.databaseDown
    }
  }
}
