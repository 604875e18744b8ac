internal import Postgres
internal import Reactor
internal import RollcallConfiguration
internal import RollcallCore
internal import RollcallLedger

/// What follows when the change log was full, so that changes were not logged (`rollcall.bound_log` in `sql/install.sql`).
///
/// Logging is taken up again before everybody is compared. A transaction that is under way at that moment may have
/// changed people without logging it, and may commit after they have been compared. So the transaction id of that
/// moment is noted, and everybody is compared once more when all up to it have ended.
@Reactor
final class LogBound {
  nonisolated static let reason = "the change log was full, so changes were not logged"

  private unowned let engine: Engine
  /// How often logging was stopped or taken up again, as far as this directory has dealt with it.
  private(set) var stops = 0
  /// A transaction up to here may have changed people without logging it; nil where none has.
  private var silent: String?

  init(_ engine: Engine) { self.engine = engine }

  /// Looks whether logging was stopped, takes it up again, and notes what there is to be waited for.
  ///
  /// - Returns: whether it was, so that everybody has to be compared.
  func settle() async throws(EngineError) -> Bool {
    let name = engine.configuration.name
    let found = try await engine.database.query(
      """
      SELECT coalesce(pg_sequence_last_value('rollcall.stops'), 0),
        coalesce(pg_sequence_last_value('rollcall.ring') = 1, false), coalesce(d.stops, 0), d.silent::text
      FROM (VALUES (1)) AS always LEFT JOIN rollcall.directory AS d ON d.name = $1
      """, [name])
    stops = found.int(0, 0) ?? 0
    silent = found.text(0, 3)
    if !found.bool(0, 1), stops == found.int(0, 2) { return false }
    stops = try await engine.database.query("SELECT rollcall.rearm()").int(0, 0) ?? 0
    // A transaction of its own: its id is higher than that of any that has found the log full.
    silent = try await engine.database.query(
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
    let result = try await engine.database.query(
      "SELECT pg_snapshot_xmin(pg_current_snapshot()) > $1::xid8", [silent])
    return result.bool(0, 0) ? silent : nil
  }

  /// Everybody has been compared, with what the transactions up to this one have done.
  func compared(_ ended: String?) {
    if ended == silent { silent = nil }
  }

  /// Has everybody compared once more when it is time.
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
