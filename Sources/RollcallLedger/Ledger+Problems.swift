internal import Postgres

extension Ledger {
  /// Stores the current problems; those that existed before keep their start time.
  func store(_ problems: [ConditionProblem]) async throws(EngineError) {
    try await database.query(
      """
      WITH over AS (DELETE FROM rollcall.problem WHERE directory = $1 AND code <> ALL ($2::text[]))
      INSERT INTO rollcall.problem AS p (directory, code, message, fix)
      SELECT $1, x.code, x.message, nullif(x.fix, '')
      FROM unnest($2::text[], $3::text[], $4::text[]) AS x(code, message, fix)
      ON CONFLICT (directory, code) DO UPDATE SET message = excluded.message, fix = excluded.fix
      WHERE p.message IS DISTINCT FROM excluded.message OR p.fix IS DISTINCT FROM excluded.fix
      """,
      [
        directory, SQLText.array(problems.map(\.code.rawValue)), SQLText.array(problems.map(\.message)),
        SQLText.array(problems.map { $0.fix ?? "" }),
      ], timeout: .seconds(10))
  }

  /// The problems that were last stored, the oldest first.
  package func problems() async throws(EngineError) -> [ConditionProblem] {
    let result = try await database.query(
      """
      SELECT code, message, fix, \(SQLText.time("since")) FROM rollcall.problem
      WHERE directory = $1 ORDER BY since, code
      """, [directory])
    return (0..<result.rowCount).compactMap { row in
      guard let code = result.text(row, 0).flatMap(ConditionProblem.Code.init(rawValue:)) else { return nil }
      return ConditionProblem(
        code, result.text(row, 1) ?? "", fix: result.text(row, 2), since: result.text(row, 3))
    }
  }
}
