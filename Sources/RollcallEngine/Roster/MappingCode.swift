internal import Postgres
internal import Reactor
internal import RollcallLedger

/// The views and functions that the mapping depends on, by their OIDs: whoever replaces one changes the mapping.
struct MappingCode: Sendable, Hashable {
  var views: Set<Int> = []
  var functions: Set<Int> = []

  init() {}

  init(_ readings: [MappingReading]) {
    for reading in readings {
      views.formUnion(reading.code.views)
      functions.formUnion(reading.code.functions)
    }
  }
}

extension MappingReader {
  /// What the view `rollcall_probe` depends on: views, also below others, and functions of this database. What a function
  /// calls is known only of one whose body PostgreSQL has parsed.
  func code() async throws(EngineError) -> MappingCode {
    let result = try await database.query(
      """
      \(MappingReader.rules)
      SELECT oid, class = 'pg_proc'::regclass FROM object WHERE oid <> 'pg_temp.rollcall_probe'::regclass
      UNION
      SELECT p.oid, true
      FROM rule, regexp_matches(rule.action, ':(?:funcid|opfuncid|aggfnoid|winfnoid) (\\d+)', 'g') AS found
        JOIN pg_proc AS p ON p.oid = found[1]::oid
      WHERE p.oid >= 16384
      """)
    var code = MappingCode()
    for row in 0..<result.rowCount {
      guard let oid = result.int(row, 0) else { continue }
      if result.bool(row, 1) { code.functions.insert(oid) } else { code.views.insert(oid) }
    }
    return code
  }
}
