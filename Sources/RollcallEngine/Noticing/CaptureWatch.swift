internal import Postgres
internal import Reactor
internal import RollcallConfiguration
internal import RollcallCore
internal import RollcallLedger

/// Checks with every sweep whether changes are still logged.
///
/// A disabled trigger, or a table that has replaced another one, makes no write fail: without this check the problem
/// would be noticed only by the next full comparison, a day later. Once it is fixed, everything is compared, because
/// the writes in between are unknown. A check costs one query of the catalog; the mapping is read again only if the
/// digest has changed.
@Reactor
final class CaptureWatch {
  private unowned let engine: Engine
  private let tables: [QualifiedName]
  private let keys: [KeyQuery]
  /// The digest when changes were last known to be logged.
  private(set) var signature: String?
  /// Whether a detailed check has been made since this digest was read.
  private var isVerified = false
  private var isLost = false
  private var isLooking = false
  private var failures = 0
  /// The readings of the mapping at the last successful check.
  private var readings: [MappingReading]?

  init(_ engine: Engine) {
    self.engine = engine
    tables = engine.configuration.watchedTables
    keys = engine.configuration.keyQueries
  }

  /// The digest at the beginning of a term, before the log is read.
  func begin() async throws(EngineError) -> String {
    let now = try await CaptureSignature.read(engine.sessions.database, mapping: engine.sessions.mapping, tables, keys)
    if now != signature { isVerified = false }
    signature = now
    try await engine.sources.read(engine.sessions.database, mapping: engine.sessions.mapping)
    return now
  }

  /// Checks, reports problems, and requests a full comparison when they are fixed.
  func look() async {
    guard !isLooking, engine.dispatcher.isWorking else { return }
    isLooking = true
    defer { isLooking = false }
    // While a table is being altered, nobody waits on this session.
    let session = Database(engine.sessions.options, timeout: 20_000)
    defer { session.end() }
    do throws(EngineError) {
      let now = try await CaptureSignature.read(session, mapping: engine.sessions.mapping, tables, keys)
      if now != signature || !isVerified || isLost {
        try await engine.sources.read(session, mapping: engine.sessions.mapping)
        note(try await faults(session), now)
      }
      failures = 0
    } catch {
      failures += 1
      engine.events.emit(.failed(.lookingAtTriggers, "\(error)"))
      // A single failure may be a lock or a lost connection.
      if failures > 1, engine.dispatcher.isWorking {
        engine.problems.set(.capture, message: "cannot check whether changes are logged: \(error)")
      }
    }
  }

  private func note(_ faults: [Finding], _ now: String) {
    guard engine.dispatcher.isWorking else { return }
    guard faults.isEmpty else {
      isLost = true
      let remedies = faults.compactMap(\.remedy).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
      engine.problems.set(
        .capture, message: faults.map { "\($0.place): \($0.message)" }.joined(separator: "; "),
        fix: remedies.isEmpty ? nil : remedies.joined(separator: "; "))
      return
    }
    let why = isLost ? "changes are logged again" : now != signature ? "tables or triggers were changed" : nil
    isLost = false
    isVerified = true
    signature = now
    engine.problems.clear(.capture)
    guard let why else { return }
    engine.events.emit(.comparing(because: why))
    engine.reconciles.why = why
    engine.requestReconcile()
  }

  /// The problems that keep changes from being logged, without an unreadable mapping: that fails where it is used.
  private func faults(_ session: Database) async throws(EngineError) -> [Finding] {
    let mapping = try Database(mapping: engine.configuration, timeout: 20_000)
    defer { mapping.end() }
    let found = try await MappingReader(mapping, engine.configuration).read()
    if found.allSatisfy({ $0.failure == nil }) { readings = found }
    guard let readings else { return [] }
    return try await Coverage(session, mapping: mapping, engine.configuration, readings).findings()
      .filter { $0.level == .error }
  }
}
