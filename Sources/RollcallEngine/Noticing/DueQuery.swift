internal import Postgres
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// The statements that find rows whose dates have passed: one range of an index for each expression of `source.due`.
///
/// An index on a column of dates serves only where the column is compared with a date, not where it is converted to a
/// time. Therefore it is not the dates that are converted, but the bounds; and for `column + 1` the bounds are moved
/// instead of the column.
struct DueQuery: Sendable {
  /// The keys that one statement returns.
  static let page = 5000

  /// One expression, in the form in which it is compared.
  struct Part: Sendable, Equatable {
    enum Kind: Sendable, Equatable { case date, timestamp, timestamptz }

    /// SQL without the days that are added to it.
    var sql: String
    var days: Int = 0
    var kind: Kind

    /// SQL for the instant that is meant; the session's time zone says when a day begins.
    var instant: String {
      let moved = days == 0 ? sql : "(\(sql) OPERATOR(pg_catalog.+) \(days))"
      return "\(moved)::pg_catalog.timestamptz"
    }

    /// SQL for a bound, in the type of the expression.
    private func bound(_ instant: String, widened sign: String) -> String {
      switch kind {
      case .timestamptz: "\(instant)::pg_catalog.timestamptz"
      case .date:
        "(\(instant)::pg_catalog.timestamptz::pg_catalog.date OPERATOR(pg_catalog.-) (\(days)))"
      // When clocks are put back a local time occurs twice, and when they are put forward some do not occur: the range
      // is wider than that, and the instants are compared besides.
      case .timestamp:
        "(\(instant)::pg_catalog.timestamptz::pg_catalog.timestamp OPERATOR(pg_catalog.\(sign)) "
          + "'03:00:00'::pg_catalog.interval)"
      }
    }

    /// SQL for "after `instant`", which no infinite date is.
    func isAfter(_ instant: String) -> String {
      var condition = "\(sql) OPERATOR(pg_catalog.>) \(bound(instant, widened: "-"))"
      if kind == .timestamp {
        condition += " AND \(self.instant) OPERATOR(pg_catalog.>) \(instant)::pg_catalog.timestamptz"
      }
      return condition + " AND \(sql) OPERATOR(pg_catalog.<) \(DueQuery.never(kind))"
    }

    func isUpTo(_ instant: String) -> String {
      let condition = "\(sql) OPERATOR(pg_catalog.<=) \(bound(instant, widened: "+"))"
      guard kind == .timestamp else { return condition }
      return condition + " AND \(self.instant) OPERATOR(pg_catalog.<=) \(instant)::pg_catalog.timestamptz"
    }
  }

  let parts: [Part]
  private let source: String
  private let key: String

  init(_ parts: [Part], _ query: RosterQuery) {
    self.parts = parts
    source = query.source
    key = query.wholeKey
  }

  /// A date from then on means never; it keeps dates that are no times out of conversions.
  private static func never(_ kind: Part.Kind) -> String {
    switch kind {
    case .date: "'9999-01-01'::pg_catalog.date"
    case .timestamp: "'9999-01-01'::pg_catalog.timestamp"
    case .timestamptz: "'9999-01-01 00:00:00+00'::pg_catalog.timestamptz"
    }
  }

  /// The keys of rows of which a date lies after `$1` and not after `$2`, in order after the key `$3`, and a row with
  /// the seconds of the next instant after `$2`.
  var look: String {
    let found = parts.map { part in
      "SELECT \(key) AS key FROM \(source) AS roster WHERE \(part.isAfter("$1")) AND \(part.isUpTo("$2"))"
    }.joined(separator: "\nUNION ALL ")
    let next = parts.map { part in
      """
      (SELECT \(part.instant) AS rollcall_instant FROM \(source) AS roster WHERE \(part.isAfter("$2"))
        ORDER BY \(part.sql) LIMIT 1)
      """
    }.joined(separator: ", ")
    return """
      SELECT key, NULL::pg_catalog.float8 FROM (SELECT DISTINCT key COLLATE pg_catalog."C" AS key FROM (
      \(found)
      ) AS found WHERE $3::pg_catalog.text IS NULL OR (key COLLATE pg_catalog."C") OPERATOR(pg_catalog.>) $3::pg_catalog.text
        ORDER BY 1 LIMIT \(DueQuery.page)) AS page
      UNION ALL SELECT NULL, pg_catalog.date_part('epoch', LEAST(\(next)))
      """
  }

  /// The next instant after `$2` of the key in the array `$1`: RFC 3339, UTC.
  func next(ofKey type: KeyType, _ query: RosterQuery) -> String {
    let instants = parts.map { part in
      "CASE WHEN \(part.isAfter("$2")) THEN \(part.instant) END"
    }.joined(separator: ", ")
    let next = "pg_catalog.\(SQLText.time("LEAST(\(instants))"))"
    return "SELECT \(next) FROM \(source) AS roster WHERE \(query.isAsked(type))"
  }

  /// Rows with a date after `$1` and not after `$2`: key, and the instant in RFC 3339, UTC; `$3` at most.
  var coming: String {
    let found = parts.map { part in
      """
      SELECT \(key) AS key, \(part.instant) AS at FROM \(source) AS roster
      WHERE \(part.isAfter("$1")) AND \(part.isUpTo("$2"))
      """
    }.joined(separator: "\nUNION ")
    return """
      SELECT key, pg_catalog.\(SQLText.time("at")) FROM (
      \(found)
      ) AS found ORDER BY at, key COLLATE pg_catalog."C" LIMIT $3::pg_catalog.int8
      """
  }
}

extension DueQuery {
  /// Finds out the expressions' types.
  ///
  /// - Throws: ``EngineError/refused(_:)`` for a type that is no date.
  @Reactor static func read(_ database: Database, _ query: RosterQuery) async throws(EngineError) -> DueQuery {
    var parts: [Part] = []
    for expression in query.due { parts.append(try await part(expression, database, query)) }
    return DueQuery(parts, query)
  }

  @Reactor private static func part(
    _ expression: RosterQuery.Expression, _ database: Database, _ query: RosterQuery
  ) async throws(EngineError) -> Part {
    func type(of sql: String) async throws(EngineError) -> Part.Kind? {
      Part.Kind(oid: try await database.read("SELECT (\(sql)\n) FROM \(query.source) AS roster LIMIT 0").typeOID(0))
    }
    guard let kind = try await type(of: expression.sql) else {
      throw .refused("\(expression.path): \(Part.Kind.expected)")
    }
    if kind == .date, let sum = DaySum(expression.sql), try await type(of: sum.column) == .date {
      return Part(sql: sum.column, days: sum.days, kind: kind)
    }
    return Part(sql: "(\(expression.sql)\n)", kind: kind)
  }
}

extension DueQuery.Part.Kind {
  static let expected = "must be of type date, timestamp or timestamptz"

  init?(oid: UInt32) {
    switch oid {
    case 1082: self = .date
    case 1114: self = .timestamp
    case 1184: self = .timestamptz
    default: return nil
    }
  }
}

/// An expression `column + 1` or `column - 7`.
struct DaySum: Equatable {
  let column: String
  let days: Int

  /// Nil for every other expression.
  init?(_ sql: String) {
    let quoted = #"(?:[A-Za-z_][A-Za-z0-9_]*|"(?:[^"]|"")+")"#
    guard let pattern = try? Regex("\\s*(\(quoted)(?:\\s*\\.\\s*\(quoted))?)\\s*([+-])\\s*([0-9]{1,5})\\s*"),
      let match = try? pattern.wholeMatch(in: sql), match.count == 4,
      let column = match[1].substring, let sign = match[2].substring,
      let days = match[3].substring.flatMap({ Int($0) })
    else { return nil }
    self.column = String(column)
    self.days = sign == "-" ? -days : days
  }
}
