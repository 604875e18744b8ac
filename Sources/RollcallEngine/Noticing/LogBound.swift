internal import Postgres
internal import Reactor
internal import RollcallConfiguration
internal import RollcallCore
internal import RollcallLedger

/// Recovers after the change log was full and changes were not logged (`rollcall.bound_log` in `sql/install.sql`).
///
/// Logging is resumed before everything is compared. A transaction in progress at that moment may have changed rows
/// without logging them, and may commit after they were compared. Therefore the current transaction id is recorded,
/// and everything is compared once more when all transactions up to it have ended.
@Reactor
final class LogBound {
  nonisolated static let reason = "the change log was full, so changes were not logged"

  private unowned let engine: Engine
  /// The number of times that logging was stopped or resumed, as far as this directory has handled it.
  private(set) var stops = 0
  /// Transactions up to this one may have made unlogged changes; nil if none has.
  private var silent: String?

  init(_ engine: Engine) { self.engine = engine }

  /// Checks whether logging was stopped, resumes it, and records the transaction to wait for.
  ///
  /// - Returns: whether it was, so that a full comparison is needed.
  func rearm() async throws(EngineError) -> Bool {
    let name = engine.configuration.name
    let found = try await engine.sessions.database.query(
      """
      SELECT coalesce(pg_sequence_last_value('rollcall.stops'), 0),
        coalesce(pg_sequence_last_value('rollcall.ring') = 1, false), coalesce(d.stops, 0), d.silent::text
      FROM (VALUES (1)) AS always LEFT JOIN rollcall.directory AS d ON d.name = $1
      """, [name])
    stops = found.int(0, 0) ?? 0
    silent = found.text(0, 3)
    if !found.bool(0, 1), stops == found.int(0, 2) { return false }
    stops = try await engine.sessions.database.query("SELECT rollcall.rearm()").int(0, 0) ?? 0
    // In a transaction of its own: its id is higher than that of any that has found the log full.
    silent = try await engine.sessions.database.query(
      """
      INSERT INTO rollcall.directory AS d (name, stops, silent) VALUES ($1, $2, pg_current_xact_id())
      ON CONFLICT (name) DO UPDATE SET stops = excluded.stops, silent = excluded.silent, watermark = NULL
      RETURNING silent::text
      """, [name, "\(stops)"]
    ).text(0, 0)
    return true
  }

  /// The transaction that is waited for, if all up to it have ended.
  func ended() async throws(EngineError) -> String? {
    guard let silent else { return nil }
    let result = try await engine.sessions.database.query(
      "SELECT pg_snapshot_xmin(pg_current_snapshot()) > $1::xid8", [silent])
    return result.bool(0, 0) ? silent : nil
  }

  /// Records a full comparison that includes the effects of the transactions up to this one.
  func compared(_ ended: String?) {
    if ended == silent { silent = nil }
  }

  /// Requests one more full comparison when it is due.
  func look() async {
    guard silent != nil, engine.dispatcher.isWorking, !engine.reconciles.isUnderWay else { return }
    do throws(EngineError) {
      guard try await ended() != nil, !engine.reconciles.isUnderWay else { return }
      engine.events.emit(.comparing(because: "transactions that were not logged have ended"))
      engine.requestReconcile()
    } catch {
      engine.trouble(error)
    }
  }
}
