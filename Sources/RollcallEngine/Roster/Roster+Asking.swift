internal import Postgres
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// Why rows could not be read.
enum ReadingError: Error {
  /// Something that the evaluation of these rows has raised, or done to the session, while the database answers.
  case ofRows(PostgresError)
  /// It has taken longer than it may.
  case slow
  /// Anything else: nobody's row.
  case other(EngineError)

  /// Whether it says something about the rows that were asked for and about nobody else.
  var isOfRows: Bool { if case .other = self { false } else { true } }

  /// For whom it is an error whoever's rows are at fault.
  var error: EngineError {
    switch self {
    case .ofRows(let failure): .database(failure)
    case .slow: .database(RosterFailure.slowDatabase)
    case .other(let error): error
    }
  }
}

/// Asking for rows, and whose fault it is when there is no answer.
///
/// The mapping is code of others. It can raise any SQLSTATE, that of a database that shuts down too; it can end its own
/// session, and go on although its statement was cancelled. So a state alone says nothing: whatever happens to a
/// statement is its rows' fault if the same statement for no rows is answered afterwards, if need be on a new session.
extension Roster {
  /// How much longer than it may take a statement is waited for: the server's own limit comes first.
  private static let grace: Duration = .seconds(2)
  /// How often a statement is sent anew that others have ended the session for.
  private static let mostOthers = 20

  /// Runs a statement whose first parameter are the keys.
  func ask(
    _ sql: String, _ keys: [RosterKey], _ more: [String] = [], limit: Duration
  ) async throws(ReadingError) -> QueryResult {
    let closings = database.closings
    var losses = 0
    var others = 0
    while true {
      let session: PostgresConnection
      do throws(EngineError) { session = try await database.session() } catch { throw .other(error) }
      let backend = session.backendID
      let failure: PostgresError
      do throws(PostgresError) {
        return try await session.read(
          sql, [SQLText.array(keys)] + more, limit: limit, timeout: limit + Roster.grace)
      } catch {
        failure = error
      }
      // It was closed on purpose, because a side is lost.
      if closings != database.closings { throw .other(.database(failure)) }
      if failure.isUnsent, others < Roster.mostOthers {
        others += 1
        continue
      }
      if failure.kind == .server {
        if failure.sqlState == "57014" { throw .slow }
        if RosterFailure.isOfRow(failure) { throw .ofRows(failure) }
      }
      if failure.kind == .timeout { await end(backend, after: limit + Roster.grace) }
      guard await answersForNobody(sql, more, limit: limit) else { throw .other(.database(failure)) }
      if failure.kind == .timeout { throw .slow }
      if failure.kind == .connection {
        losses += 1
        // A session may end by chance, and one row may be at fault twice only.
        if losses == 1, keys.count < 2 { continue }
      }
      throw .ofRows(failure)
    }
  }

  /// Whether the database answers the statement when it asks for nobody.
  private func answersForNobody(_ sql: String, _ more: [String], limit: Duration) async -> Bool {
    let answer = try? await database.read(
      sql, [SQLText.array([RosterKey]())] + more, limit: limit, timeout: limit + Roster.grace)
    return answer != nil
  }

  /// Ends a session of ours that was given up and whose code goes on: a session may end others of its own role.
  ///
  /// Its number may be another session's by now, which is younger.
  private func end(_ backend: Int, after age: Duration) async {
    _ = try? await database.query(
      """
      SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
      WHERE pid OPERATOR(pg_catalog.=) $1::pg_catalog.int4 AND backend_start OPERATOR(pg_catalog.<)
        (pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) $2::pg_catalog.interval)
      """, ["\(backend)", "\(age / .milliseconds(1)) milliseconds"], timeout: .seconds(4))
  }
}
