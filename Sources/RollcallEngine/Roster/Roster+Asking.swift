internal import Postgres
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// Why rows could not be read.
enum ReadingError: Error {
  /// The evaluation of these rows has raised an error or ended the session, while the database answers.
  case ofRows(PostgresError)
  /// It has taken longer than allowed.
  case slow
  /// Any other error; it is not attributed to a row.
  case other(EngineError)

  /// Whether the error concerns only the rows that were requested.
  var isOfRows: Bool { if case .other = self { false } else { true } }

  /// The error for callers who do not attribute it to rows.
  var error: EngineError {
    switch self {
    case .ofRows(let failure): .database(failure)
    case .slow: .database(RosterFailure.slowDatabase)
    case .other(let error): error
    }
  }
}

/// Requests rows, and finds out which rows are to blame if there is no answer.
///
/// The mapping is foreign code. It can raise any SQLSTATE, even that of a database shutting down; it can end its own
/// session, or ignore a cancel request. A state alone proves nothing: a failure is attributed to the statement's rows
/// if the same statement without rows is answered afterwards, if necessary in a new session.
extension Roster {
  /// How long to wait for a statement beyond its limit: the server's own limit comes first.
  private static let grace: Duration = .seconds(2)
  /// How often a statement is sent again after other clients have ended its session.
  private static let mostOthers = 20

  /// Runs a statement whose first parameter is the array of keys.
  ///
  /// - Parameter isKept: whether the session keeps it.
  func ask(
    _ sql: String, _ keys: [RosterKey], _ more: [String] = [], limit: Duration, isKept: Bool = false
  ) async throws(ReadingError) -> QueryResult {
    var isKept = isKept
    let closings = database.closings
    var losses = 0
    var others = 0
    while true {
      let session: PostgresConnection
      do throws(EngineError) { session = try await database.session() } catch { throw .other(error) }
      let backend = session.backendID
      let failure: PostgresError
      do throws(PostgresError) {
        let (parameters, timeout) = ([SQLText.array(keys)] + more, limit + Roster.grace)
        if isKept {
          return try await session.readKept(sql, parameters, limit: limit, anew: plans.isDue(), timeout: timeout)
        }
        return try await session.read(sql, parameters, limit: limit, timeout: timeout)
      } catch {
        failure = error
      }
      // The plan is of a table as it was before.
      if isKept, failure.sqlState == "0A000" {
        isKept = false
        continue
      }
      // It was closed on purpose, because a side was lost.
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
        // A session may end by chance, so a single row is only blamed the second time.
        if losses == 1, keys.count < 2 { continue }
      }
      throw .ofRows(failure)
    }
  }

  /// Whether the database answers the statement with an empty array of keys.
  private func answersForNobody(_ sql: String, _ more: [String], limit: Duration) async -> Bool {
    let answer = try? await database.read(
      sql, [SQLText.array([RosterKey]())] + more, limit: limit, timeout: limit + Roster.grace)
    return answer != nil
  }

  /// Terminates an abandoned session of ours whose code continues: a session may end others of its own role.
  ///
  /// The backend number may by now belong to another session, which is younger.
  private func end(_ backend: Int, after age: Duration) async {
    _ = try? await database.query(
      """
      SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
      WHERE pid OPERATOR(pg_catalog.=) $1::pg_catalog.int4 AND backend_start OPERATOR(pg_catalog.<)
        (pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) $2::pg_catalog.interval)
      """, ["\(backend)", "\(age / .milliseconds(1)) milliseconds"], timeout: .seconds(4))
  }
}
