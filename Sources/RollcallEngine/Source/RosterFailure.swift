internal import Postgres
internal import RollcallCore

/// Tells a row that cannot be mapped from a database that cannot answer.
enum RosterFailure {
  /// Whether an error comes from evaluating the mapping over some row's data.
  ///
  /// Class 22 is a data exception, 23 a violated constraint, P0 an exception of PL/pgSQL, 2F and 38 one of an
  /// SQL or external routine, 21 a subquery of several rows. Everything else (no right, no such column, out of
  /// memory, a timeout) is nobody's row.
  static func ofRow(_ error: EngineError) -> PostgresError? {
    guard case .database(let error) = error, error.kind == .server, let state = error.sqlState else { return nil }
    return ["22", "23", "P0", "2F", "38", "21"].contains { state.hasPrefix($0) } ? error : nil
  }

  static func mapping(_ key: RosterKey, _ error: PostgresError) -> Problem {
    Problem(
      .mapping, "key \(key): the mapping fails for this row: \(message: error.message)")
  }

  /// PostgreSQL quotes the values that it cannot use, so what it says of these stays with it.
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
