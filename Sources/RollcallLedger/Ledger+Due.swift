internal import Postgres

extension Ledger {
  /// The database's time: as text that is exact, and in seconds since 1970.
  package func clock() async throws(EngineError) -> (text: String, seconds: Double) {
    let result = try await database.execute(
      "clock", "SELECT now::text, extract(epoch FROM now)::float8 FROM clock_timestamp() AS now")
    return (result.text(0, 0) ?? "", result.double(0, 1) ?? 0)
  }

  /// Records the instant up to which rows whose dates have passed have been looked at and settled.
  package func store(dueAt instant: String) async throws(EngineError) {
    try await database.query(
      "UPDATE rollcall.directory SET due_at = $2::timestamptz WHERE name = $1", [directory, instant])
  }

  /// Seconds since 1970 of an instant in PostgreSQL's text form.
  package func seconds(of instant: String) async throws(EngineError) -> Double? {
    try await database.query("SELECT extract(epoch FROM $1::timestamptz)::float8", [instant]).double(0, 0)
  }
}
