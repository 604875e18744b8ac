internal import Postgres
internal import RollcallCore

/// Tells a row that cannot be mapped from a database that cannot answer.
enum RosterFailure {
  /// Whether an error comes from evaluating the mapping over some row's data.
  ///
  /// Class 22 is a data exception, 23 a violated constraint, P0 an exception of PL/pgSQL, 2F and 38 one of an
  /// SQL or external routine, 21 a subquery of several rows. Everything else (no right, no such column, out of
  /// memory, a timeout) is nobody's row. 25006 is an expression that would write.
  static func ofRow(_ error: EngineError) -> PostgresError? {
    guard case .database(let error) = error, error.kind == .server, let state = error.sqlState else { return nil }
    return ["22", "23", "P0", "2F", "38", "21", "25006"].contains { state.hasPrefix($0) } ? error : nil
  }

  /// Whether a statement has taken longer than it may.
  static func isSlow(_ error: EngineError) -> Bool {
    guard case .database(let error) = error else { return false }
    return error.kind == .server && error.sqlState == "57014"
  }

  /// The code is PostgreSQL's: query_canceled.
  static func slow(_ key: RosterKey) -> Problem {
    Problem(
      .mapping, "key \(key): the mapping takes too long for this row, while others are read in time (SQLSTATE 57014)",
      code: 57014)
  }

  static let slowDatabase = PostgresError(
    kind: .server, sqlState: "57014", message: "PostgreSQL does not give anybody's row in time")

  static func tooLarge(_ key: RosterKey, _ octets: Int, _ most: Int) -> Problem {
    Problem(
      .tooLarge,
      "key \(key): the values of this row have \(octets) octets, and source.largest_row allows \(most)")
  }

  /// A key that cannot be asked for is nobody's absence.
  static func noKey(_ key: RosterKey, _ type: KeyType) -> Problem {
    Problem(
      .mapping,
      "key \(key): no row can have this key, because the key's type is \(type.name); its entry is left as it is: "
        + "correct or remove its link by hand, or see whether the column has changed")
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
