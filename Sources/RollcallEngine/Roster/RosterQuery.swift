internal import LDAPModel
internal import Postgres
package import RollcallConfiguration
internal import RollcallCore
internal import RollcallLedger

/// The SELECT that evaluates the mapping, in parts: it assigns a meaning to each column of the result.
package struct RosterQuery: Sendable, Equatable {
  /// One expression of the configuration, with the path of its key there.
  package struct Expression: Sendable, Equatable {
    package var path: String
    package var sql: String
    /// Whether its value is a password, or similarly secret.
    package var isSecret = false
    /// Whether it names groups.
    package var isMembership = false
    /// Whether it is a condition: NULL is false, and anything but a boolean an error.
    package var isCondition = false
    /// Whether it gives keys of other people.
    var isReference = false

    /// The column. An array of an enumeration or of names is cast to text[].
    var column: String {
      isMembership ? "(\(sql)\n)::pg_catalog.text[]" : isCondition ? "(\(sql)\n) IS TRUE" : sql
    }
  }

  /// The source of the rows: a quoted table name, or a query in parentheses.
  package let source: String
  /// The key's column, quoted.
  package let key: String
  package let scope: Expression?
  package let active: Expression?
  /// The value columns in the order of ``RosterRow/values``, then the membership if groups are configured.
  package let expressions: [Expression]
  package let hasMembership: Bool
  /// Dates that take effect, and the time zone in which they, and all other expressions, are read.
  package let due: [Expression]
  let timezone: String?

  package init(_ configuration: Configuration) {
    let source = configuration.source
    // A line break before each closing parenthesis ends a comment at the end of an expression.
    self.source =
      switch source.relation {
      case .table(let name): name.sql
      case .query(let sql): "(\n\(sql)\n)"
      }
    key = "roster.\(SQLText.identifier(source.key))"
    scope = source.where.map { Expression(path: "source.where", sql: $0) }
    active = source.active.map { Expression(path: "source.active", sql: $0) }
    due = source.due.enumerated().map { Expression(path: "source.due[\($0)]", sql: $1) }
    timezone = source.timezone
    let users = configuration.users
    var expressions = users.attributes.map {
      Expression(path: "users.attributes.\($0.attribute)", sql: $0.expression)
    }
    expressions += users.createOnly.map {
      // First passwords and the like may be set here too.
      Expression(path: "users.create_only.\($0.attribute)", sql: $0.expression, isSecret: true)
    }
    let secrets = LDIF.secretAttributes.map { $0.lowercased() }
    for (index, mapped) in users.attributes.enumerated() {
      let type = mapped.attribute.lowercased().prefix { $0 != ";" }
      expressions[index].isSecret = secrets.contains(String(type))
    }
    if let password = users.password {
      expressions.append(Expression(path: "users.password", sql: password, isSecret: true))
    }
    expressions += users.container.map {
      Expression(path: "users.container.\($0.attribute)", sql: $0.expression)
    }
    expressions += users.references.map {
      Expression(path: "users.references.\($0.attribute)", sql: $0.expression, isReference: true)
    }
    expressions += users.conditionalClasses.map {
      Expression(path: "users.classes.\($0.name)", sql: $0.condition, isCondition: true)
    }
    if let groups = configuration.groups {
      expressions.append(
        Expression(path: "groups.membership", sql: groups.membership, isMembership: true))
    }
    self.expressions = expressions
    hasMembership = configuration.groups != nil
  }

  /// The whole SELECT, without a WHERE clause.
  package var select: String { select(expressions.map(\.column)) }

  /// The columns whose types have to be determined: the key, then the values.
  var columnsOnly: String {
    "SELECT \(key)\(expressions.map { ",\n  (\($0.column)\n)" }.joined())\nFROM \(source) AS roster"
  }

  private func select(_ columns: [String]) -> String {
    let values = columns.map { ",\n  (\($0)\n)" }.joined()
    return "SELECT \(key)::pg_catalog.text, \(flag(scope)), \(flag(active))\(values)\nFROM \(source) AS roster"
  }

  /// The paths of expressions whose values are never shown.
  var secretPaths: [String] { expressions.filter(\.isSecret).map(\.path) }

  /// The SELECT of the keys named by the array parameter `$1`: key, scope, active, octets, then the values.
  ///
  /// A row whose values have more octets than `$2` is returned without them, and with their number in place of 0.
  /// Each level is evaluated separately (OFFSET 0), so that no expression is evaluated twice.
  func selectByKey(_ shape: RosterShape, withoutSecrets: Bool = false) -> String {
    let columns = expressions.map { withoutSecrets && $0.isSecret ? "NULL::pg_catalog.text" : $0.column }
    let kinds = zip(expressions, shape.columns).map { expression, column in
      withoutSecrets && expression.isSecret ? RosterShape.Column(type: .text, size: .text) : column
    }
    var inner = "SELECT \(key)::pg_catalog.text AS key, \(flag(scope)) AS scope, \(flag(active)) AS active"
    for (index, column) in columns.enumerated() { inner += ",\n  (\(column)\n) AS v\(index)" }
    inner += "\nFROM \(source) AS roster\nWHERE \(isAsked(shape.key)) OFFSET 0"
    let sizes = kinds.indices.compactMap { kinds[$0].octets("v\($0)") }
    let sum = sizes.map { "COALESCE(\($0), 0)::pg_catalog.int8" }.joined(separator: " OPERATOR(pg_catalog.+) ")
    let values = columns.indices.map { index in
      kinds[index].size == .few ? "v\(index)" : "CASE WHEN \(RosterQuery.fits) THEN v\(index) END"
    }
    return """
      SELECT key, scope, active, CASE WHEN \(RosterQuery.fits) THEN 0 ELSE octets END\(values.map { ", " + $0 }.joined())
      FROM (SELECT *, \(sum.isEmpty ? "0::pg_catalog.int8" : sum) AS octets FROM (
      \(inner)
      ) AS read OFFSET 0) AS sized
      """
  }

  private static let fits = "octets OPERATOR(pg_catalog.<=) $2::pg_catalog.int8"

  func isAsked(_ type: KeyType) -> String {
    "\(key) OPERATOR(pg_catalog.=) ANY($1::\(type.sql)[])"
  }

  var wholeKey: String { RosterKey.sql("\(key)::pg_catalog.text") }

  /// Those of the beginnings in `$1` that some overlong key has. No index supports it.
  var longKeys: String {
    let (text, start) = ("\(key)::pg_catalog.text", "pg_catalog.left(\(key)::pg_catalog.text, \(RosterKey.beginning))")
    return """
      SELECT DISTINCT \(start) FROM \(source) AS roster WHERE \(start) OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.text[])
        AND pg_catalog.length(\(text)) OPERATOR(pg_catalog.>) \(RosterKey.longest) AND \(flag(scope))
      """
  }

  /// The SELECT of all keys.
  package func keys(inScopeOnly: Bool) -> String {
    let condition = inScopeOnly ? scope.map { "\nWHERE (\($0.sql)\n)" } ?? "" : ""
    return "SELECT \(wholeKey) FROM \(source) AS roster\(condition)"
  }

  /// The keys of the people in scope and, as the column `value`, their values of one expression.
  package func values(of expression: Expression) -> String {
    let condition = scope.map { "\nWHERE (\($0.sql)\n)" } ?? ""
    return "SELECT \(wholeKey) AS key, (\(expression.sql)\n) AS value FROM \(source) AS roster\(condition)\nOFFSET 0"
  }

  /// A few random keys other than those in `$1`: rows that fail may be adjacent.
  func others(_ type: KeyType, _ count: Int) -> String {
    "SELECT \(wholeKey) FROM \(source) AS roster WHERE NOT \(isAsked(type)) ORDER BY pg_catalog.random() LIMIT \(count)"
  }

  /// Returns for the keys in `$1` only whether they are in scope.
  func scopeByKey(_ type: KeyType) -> String {
    "SELECT \(key)::pg_catalog.text, \(flag(scope)) FROM \(source) AS roster WHERE \(isAsked(type))"
  }

  /// Returns for the keys in `$1` only whether they are active.
  func activeByKey(_ type: KeyType) -> String {
    "SELECT \(key)::pg_catalog.text, \(flag(active)) FROM \(source) AS roster WHERE \(isAsked(type))"
  }

  /// Returns for the keys in `$1` whether they are in scope and active, true where that is not evaluated, and the key's
  /// column itself.
  func flagsByKey(_ type: KeyType, evaluated: Bool) -> String {
    let flags = evaluated ? "\(flag(scope)), \(flag(active))" : "true, true"
    return "SELECT \(key)::pg_catalog.text, \(flags), \(key) FROM \(source) AS roster WHERE \(isAsked(type))"
  }

  /// Columns of the key in `$1` whose names are in `$2`, one row each: name, value as text.
  func columnsByKey(_ type: KeyType) -> String {
    """
    SELECT c.key, pg_catalog.left(c.value, 1000) FROM \(source) AS roster
      CROSS JOIN LATERAL pg_catalog.json_each_text(pg_catalog.row_to_json(roster)) AS c
    WHERE \(isAsked(type)) AND c.key OPERATOR(pg_catalog.=) ANY ($2::pg_catalog.text[])
    """
  }

  /// Two of the keys for which an expression returns the text in `$1`.
  func keysByValue(_ expression: Expression) -> String {
    """
    SELECT \(wholeKey) FROM \(source) AS roster
    WHERE (\(expression.sql)
    )::pg_catalog.text OPERATOR(pg_catalog.=) $1::pg_catalog.text LIMIT 2
    """
  }

  /// The keys of rows for which an expression gives a text like one in `$1`, as ``likeness(_:)`` makes them; up to
  /// `most` + 1. With an empty `$1` it evaluates nothing.
  func keysLike(_ expression: Expression, most: Int) -> String {
    """
    SELECT \(wholeKey) FROM \(source) AS roster
    WHERE pg_catalog.cardinality($1::pg_catalog.text[]) OPERATOR(pg_catalog.>) 0 AND EXISTS (
      SELECT FROM (SELECT pg_catalog.to_jsonb((\(expression.sql)
      )) AS j OFFSET 0) AS value, pg_catalog.jsonb_array_elements_text(
        CASE pg_catalog.jsonb_typeof(j) WHEN 'array' THEN j ELSE pg_catalog.jsonb_build_array(j) END) AS v
      WHERE pg_catalog.lower(v) OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.text[])
        OR pg_catalog.regexp_replace(pg_catalog.lower(v), '[^a-z0-9]', '', 'g') OPERATOR(pg_catalog.=)
          ANY ($1::pg_catalog.text[])) LIMIT \(most + 1)
    """
  }

  /// The keys of people in scope who have one of the texts in `$1` for a value of an expression, each with the value, in
  /// lower case; at most `$2`.
  package func keysByText(_ expression: Expression) -> String {
    """
    SELECT people.key, pg_catalog.lower(v)
    FROM (SELECT key, pg_catalog.to_jsonb(value) AS j FROM (\(values(of: expression))) AS people OFFSET 0) AS people,
      pg_catalog.jsonb_array_elements_text(
        CASE pg_catalog.jsonb_typeof(j) WHEN 'array' THEN j ELSE pg_catalog.jsonb_build_array(j) END) AS v
    WHERE pg_catalog.lower(v) OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.text[]) LIMIT $2::pg_catalog.int8
    """
  }

  /// The forms in which a text is looked for: in lower case, and of that the ASCII letters and digits. What directories
  /// take for equal has mostly one of them in common.
  static func likeness(_ text: String) -> [String] {
    let lower = text.lowercased()
    let plain = String(lower.unicodeScalars.filter { ("a"..."z").contains($0) || ("0"..."9").contains($0) })
    return plain.isEmpty || plain == lower ? [lower] : [lower, plain]
  }

  /// A SELECT of one expression alone, so that only its own errors are shown.
  package func probe(_ expression: Expression) -> String {
    "SELECT (\(expression.isCondition ? expression.column : expression.sql)\n) FROM \(source) AS roster"
  }

  private func flag(_ condition: Expression?) -> String {
    guard let condition else { return "true" }
    return "(\(condition.sql)\n) IS TRUE"
  }
}
