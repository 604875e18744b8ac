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
  private(set) var isVerified = false
  private var isLost = false
  private var isLooking = false
  private var failures = 0
  /// The readings of the mapping when it could last be read, and the views and functions that it depends on.
  private var readings: [MappingReading]?
  private var code: MappingCode?
  /// The checks that have been made.
  private(set) var looks = 0

  init(_ engine: Engine) {
    self.engine = engine
    tables = engine.configuration.watchedTables
    keys = engine.configuration.keyQueries
  }

  /// The digest at the beginning of a term, before the log is read.
  func begin() async throws(EngineError) -> String {
    // A mapping that cannot be analysed fails where it is used.
    if code == nil, let found = try? await readMapping() { note(found) }
    let now = try await read(engine.sessions.database)
    if now != signature { isVerified = false }
    signature = now
    try await engine.sources.read(engine.sessions.database, mapping: engine.sessions.mapping)
    return now
  }

  /// Takes over what the mapping reads.
  ///
  /// - Returns: whether all of it could be read.
  @discardableResult
  func note(_ found: [MappingReading]) -> Bool {
    guard found.allSatisfy({ $0.failure == nil }) else { return false }
    readings = found
    code = MappingCode(found)
    return true
  }

  private func read(_ database: Database) async throws(EngineError) -> String {
    try await CaptureSignature.read(
      database, mapping: engine.sessions.mapping, tables, keys, code ?? MappingCode())
  }

  /// Checks, reports problems, and requests a full comparison when they are fixed.
  func look() async {
    guard !isLooking, engine.dispatcher.isWorking else { return }
    isLooking = true
    defer {
      isLooking = false
      looks += 1
    }
    // While a table is being altered, nobody waits on this session.
    let session = Database(engine.sessions.options, timeout: 20_000)
    defer { session.end() }
    do throws(EngineError) {
      let now = try await read(session)
      if now != signature || !isVerified || isLost {
        try await engine.sources.read(session, mapping: engine.sessions.mapping)
        let known = code
        let isWhole = note(try await readMapping())
        // What has just come to be known may have been replaced before the digest: the next check reads it again.
        let isSame = code == known
        note(try await faults(session), isSame ? now : try await read(session), isVerified: isWhole && isSame)
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

  private func note(_ faults: [Finding], _ now: String, isVerified: Bool) {
    guard engine.dispatcher.isWorking else { return }
    guard faults.isEmpty else {
      isLost = true
      let remedies = faults.compactMap(\.remedy).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
      engine.problems.set(
        .capture, message: faults.map { "\($0.place): \($0.message)" }.joined(separator: "; "),
        fix: remedies.isEmpty ? nil : remedies.joined(separator: "; "))
      return
    }
    let why = isLost ? "changes are logged again" : now != signature ? CaptureSignature.change : nil
    isLost = false
    self.isVerified = isVerified
    signature = now
    engine.problems.clear(.capture)
    guard let why else { return }
    engine.events.emit(.comparing(because: why))
    engine.reconciles.why = why
    engine.requestReconcile()
  }

  private func readMapping() async throws(EngineError) -> [MappingReading] {
    let mapping = try Database(mapping: engine.configuration, timeout: 20_000)
    defer { mapping.end() }
    return try await MappingReader(mapping, engine.configuration).read()
  }

  /// The problems that keep changes from being logged, without an unreadable mapping: that fails where it is used.
  private func faults(_ session: Database) async throws(EngineError) -> [Finding] {
    guard let readings else { return [] }
    let coverage = Coverage(session, mapping: engine.sessions.mapping, engine.configuration, readings)
    try await engine.noteReaders(coverage)
    return try await coverage.findings().filter { $0.level == .error }
  }
}
