internal import Postgres
internal import RollcallCore
internal import RollcallLedger

/// Distinguishes a row that cannot be mapped from a database that cannot answer.
enum RosterFailure {
  /// Whether an error's state alone shows that it comes from evaluating the mapping over some row's data.
  ///
  /// Class 22 is a data exception, 23 a violated constraint, P0 an exception of PL/pgSQL, 2F and 38 one of an SQL or
  /// external routine, 21 a subquery of several rows. All others (no right, no such column, out of memory, a timeout)
  /// may have other causes. 25006 is an expression that tries to write.
  static func isOfRow(_ error: PostgresError) -> Bool {
    guard error.kind == .server, let state = error.sqlState else { return false }
    return ["22", "23", "P0", "2F", "38", "21", "25006"].contains { state.hasPrefix($0) }
  }

  /// The answer has a row that was not requested.
  static func unasked(_ key: RosterKey?) -> ReadingError {
    let name: Wording = key.map { "\($0)" } ?? "NULL"
    return .ofRows(
      PostgresError(
        kind: .server, sqlState: "22000", message: "the source returned a row for \(name), which was not requested"))
  }

  /// In PostgreSQL's words for a prepared statement.
  static let misshapen = ReadingError.other(
    .database(
      PostgresError(
        kind: .server, sqlState: "0A000", message: "the source returned other columns than a moment ago")))

  /// Whether a table was altered, so that what is known about its columns is outdated.
  static func isStale(_ error: EngineError) -> Bool {
    guard case .database(let failure) = error, failure.kind == .server, let state = failure.sqlState
    else { return false }
    return state == "0A000" || state.hasPrefix("42")
  }

  static func forEverybody(_ message: String) -> String { "the mapping fails for everybody: \(message)" }

  /// The row of somebody who is to be locked out, where the mapping fails for everybody.
  static func rejected(_ key: RosterKey, _ error: PostgresError) -> Problem {
    var problem = Problem(
      .mapping,
      "key \(key): the mapping fails for everybody: \(message: error.message) (SQLSTATE \(error.sqlState ?? "none"))"
    )
    problem.mayPass = true
    return problem
  }

  /// The code is PostgreSQL's query_canceled.
  static func slow(_ key: RosterKey) -> Problem {
    var problem = Problem(
      .mapping, "key \(key): the mapping takes too long for this row, while others are read in time (SQLSTATE 57014)",
      code: 57014)
    // Something else may have kept it waiting.
    problem.mayPass = true
    return problem
  }

  static let slowDatabase = PostgresError(
    kind: .server, sqlState: "57014", message: "PostgreSQL returns no row in time")

  static func tooLarge(_ key: RosterKey, _ octets: Int, _ most: Int) -> Problem {
    Problem(
      .tooLarge,
      "key \(key): the values of this row are \(octets) octets long, and source.largest_row allows \(most)")
  }

  static func longKey(_ key: RosterKey) -> Problem {
    Problem(.tooLarge, "key \(key): a key may have at most \(RosterKey.longest) characters; give the row a shorter one")
  }

  /// A key that cannot be queried does not mean that its row is absent.
  static func noKey(_ key: RosterKey, _ type: KeyType) -> Problem {
    if key.isTooLong { return longKey(key) }
    return Problem(
      .mapping,
      "key \(key): no row can have this key, because the key's type is \(type.name); its entry is left as it is: "
        + "correct or remove its link by hand, or check whether the column has changed")
  }

  static func mapping(_ key: RosterKey, _ error: PostgresError) -> Problem {
    if isOfRow(error) {
      return Problem(.mapping, "key \(key): the mapping fails for this row: \(message: error.message)")
    }
    var problem = Problem(
      .mapping,
      "key \(key): the mapping fails for this row, while the database answers for others: \(message: error.message) "
        + "(SQLSTATE \(error.sqlState ?? "none"))")
    problem.mayPass = true
    return problem
  }

  /// PostgreSQL quotes values that it cannot use, so its message is not shown for secret ones.
  static func secret(_ key: RosterKey, _ paths: [String], _ error: PostgresError) -> Problem {
    Problem(
      .mapping,
      "key \(key): \(Wording.list(paths, separator: " or ")) fails for this row (SQLSTATE \(error.sqlState ?? "unknown")); "
        + "PostgreSQL's message is not shown because it may quote the value")
  }

  static func value(_ key: RosterKey, _ column: String, _ complaint: Wording) -> Problem {
    Problem(.mapping, "key \(key): \(complaint)")
  }

  static func duplicate(_ key: RosterKey) -> Problem {
    Problem(
      .mapping,
      "key \(key): the source has several rows with this key; it must be unique")
  }
}
