internal import Postgres
internal import Reactor
internal import RollcallAdministration
internal import RollcallLedger

/// `/metrics`: whoever asks, and however often, the database is asked once a second.
@Reactor
final class MetricsCache {
  private static let fresh: Duration = .seconds(1)

  private let reader: LedgerReader
  private var latest: (at: ContinuousClock.Instant, text: Result<String, EngineError>)?
  private var reading: Task<Result<String, EngineError>, Never>?

  init(_ reader: LedgerReader) { self.reader = reader }

  /// - Returns: the metrics; or why there are none, although PostgreSQL answers.
  func text() async -> Result<String, EngineError> {
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

  private func read() async -> Result<String, EngineError> {
    do throws(EngineError) { return .success(try await MetricsPage.text(reader.sessions.next)) } catch {
      // That the database does not answer is a metric, too; that it refuses is not.
      if case .database(let failure) = error, failure.isConnectionLost { return .success(MetricsPage.databaseDown) }
      let wasRefused = if case .failure? = latest?.text { true } else { false }
      if !wasRefused { ProcessOutput.error("rollcall-dashboard: the metrics cannot be read: \(error)\n") }
      return .failure(error)
    }
  }
}
