internal import Postgres
internal import Reactor

/// The rights on the schema `rollcall` that `grants.sql` gives the daemon's role, read from the script itself.
struct GrantedRights {
  struct Right: Equatable {
    /// `rollcall.parked`, `rollcall.prune`.
    let object: String
    let privilege: String
  }

  let onTables: [Right]
  let onFunctions: [Right]

  /// - Parameter script: a script; the statements that begin with GRANT and end with `TO :"role";` count.
  init(_ script: String) {
    var tables: [Right] = []
    var functions: [Right] = []
    for statement in script.split(separator: ";") {
      let words = statement.split { $0.isWhitespace || $0 == "," }.map(String.init)
      guard let start = words.lastIndex(of: "GRANT"), words.suffix(2) == ["TO", ":\"role\""],
        let on = words[start...].firstIndex(of: "ON")
      else { continue }
      let objects = words[(on + 1)...].dropLast(2)
      for privilege in words[(start + 1)..<on] {
        switch objects.first {
        case "SCHEMA": continue
        case "FUNCTION": functions += objects.dropFirst().map { Right(object: $0, privilege: privilege) }
        default: tables += objects.map { Right(object: $0, privilege: privilege) }
        }
      }
    }
    onTables = tables
    onFunctions = functions
  }

  /// A query for the rights that the session's role lacks, `parked (INSERT), …` or NULL; $1 to $4 are ``parameters``.
  var missing: String {
    """
    SELECT string_agg(format('%s (%s)', split_part(x.object, '.', 2), x.rights), ', ' ORDER BY x.place) FROM (
      SELECT object, string_agg(privilege, ', ' ORDER BY place) AS rights, min(place) AS place FROM (
        SELECT object, privilege, place FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS t (object, privilege, place)
        WHERE NOT has_table_privilege(object, privilege)
        UNION ALL
        SELECT f.object, f.privilege, 1000 + f.place
        FROM unnest($3::text[], $4::text[]) WITH ORDINALITY AS f (object, privilege, place)
        WHERE NOT has_function_privilege(f.object::regproc, f.privilege)
      ) AS lacking (object, privilege, place) GROUP BY object
    ) AS x
    """
  }

  var parameters: [String?] {
    [onTables.map(\.object), onTables.map(\.privilege), onFunctions.map(\.object), onFunctions.map(\.privilege)]
      .map { SQLText.array($0) }
  }
}

extension Ledger {
  /// The rights that this session's role lacks and the daemon needs, as text; nil if it has them all.
  package func missingRights() async throws(EngineError) -> String? {
    let granted = GrantedRights(SQLScripts.grants)
    return try await database.query(granted.missing, granted.parameters).text(0, 0)
  }

  /// Refuses to start work that would fail half-way.
  package func requireRights() async throws(EngineError) {
    guard let missing = try await missingRights() else { return }
    throw .refused(
      "the database role of source.connection lacks rights on the schema \"rollcall\": \(missing); "
        + "run: rollcall install, or grants.sql")
  }
}
