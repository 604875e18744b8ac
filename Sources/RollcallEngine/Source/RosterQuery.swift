internal import LDAPModel
internal import Postgres
internal import RollcallCore

/// The SELECT that evaluates the mapping, in pieces: which column of its result is what.
public struct RosterQuery: Sendable, Equatable {
  /// One expression of the configuration, with the path of its key there.
  public struct Expression: Sendable, Equatable {
    public var path: String
    public var sql: String
    /// Its value is a password, or something like one.
    public var isSecret = false
    /// It names groups.
    public var isMembership = false

    /// The column. An array of an enumeration or of names becomes one of text.
    var column: String { isMembership ? "(\(sql)\n)::pg_catalog.text[]" : sql }
  }

  /// What rows come from: a quoted table name, or a query in parentheses.
  public let source: String
  /// The key's column, quoted.
  public let key: String
  public let scope: Expression?
  public let active: Expression?
  /// The value columns in the order of ``RosterRow/values``, then the membership where there are groups.
  public let expressions: [Expression]
  public let hasMembership: Bool

  public init(_ configuration: Configuration) {
    let source = configuration.source
    // A line break before each closing parenthesis, so that a comment at an expression's end ends there.
    self.source =
      switch source.relation {
      case .table(let name): name.sql
      case .query(let sql): "(\n\(sql)\n)"
      }
    key = "roster.\(SQLText.identifier(source.key))"
    scope = source.where.map { Expression(path: "source.where", sql: $0) }
    active = source.active.map { Expression(path: "source.active", sql: $0) }
    let users = configuration.users
    var expressions = users.attributes.map {
      Expression(path: "users.attributes.\($0.attribute)", sql: $0.expression)
    }
    expressions += users.createOnly.map {
      Expression(path: "users.create_only.\($0.attribute)", sql: $0.expression)
    }
    let secrets = LDIF.secretAttributes.map { $0.lowercased() }
    for (index, mapped) in (users.attributes + users.createOnly).enumerated() {
      let type = mapped.attribute.lowercased().prefix { $0 != ";" }
      expressions[index].isSecret = secrets.contains(String(type))
    }
    if let password = users.password {
      expressions.append(Expression(path: "users.password", sql: password, isSecret: true))
    }
    expressions += users.container.map {
      Expression(path: "users.container.\($0.attribute)", sql: $0.expression)
    }
    if let groups = configuration.groups {
      expressions.append(
        Expression(path: "groups.membership", sql: groups.membership, isMembership: true))
    }
    self.expressions = expressions
    hasMembership = configuration.groups != nil
  }

  /// The whole SELECT, without a WHERE clause.
  public var select: String { select(expressions.map(\.column)) }

  private func select(_ columns: [String]) -> String {
    let values = columns.map { ",\n  (\($0)\n)" }.joined()
    return "SELECT \(key)::pg_catalog.text, \(flag(scope)), \(flag(active))\(values)\nFROM \(source) AS roster"
  }

  /// The paths of expressions whose values are never shown.
  var secretPaths: [String] { expressions.filter(\.isSecret).map(\.path) }

  /// As ``selectByKey(_:)``, without the values that are never shown.
  func selectByKeyWithoutSecrets(_ type: String) -> String {
    "\(select(expressions.map { $0.isSecret ? "NULL" : $0.column }))\nWHERE \(key) = ANY($1::\(type)[])"
  }

  /// The SELECT of the keys named by the array parameter `$1`.
  ///
  /// - Parameter type: the key's type as SQL.
  public func selectByKey(_ type: String) -> String {
    "\(select)\nWHERE \(key) = ANY($1::\(type)[])"
  }

  /// The SELECT of all keys.
  public func keys(inScopeOnly: Bool) -> String {
    let condition = inScopeOnly ? scope.map { "\nWHERE (\($0.sql)\n)" } ?? "" : ""
    return "SELECT \(key)::pg_catalog.text FROM \(source) AS roster\(condition)"
  }

  /// Says of the keys in `$1` only whether they are in scope.
  public func scopeByKey(_ type: String) -> String {
    "SELECT \(key)::pg_catalog.text, \(flag(scope)) FROM \(source) AS roster WHERE \(key) = ANY($1::\(type)[])"
  }

  /// Says of the keys in `$1` only whether they are active.
  public func activeByKey(_ type: String) -> String {
    "SELECT \(key)::pg_catalog.text, \(flag(active)) FROM \(source) AS roster WHERE \(key) = ANY($1::\(type)[])"
  }

  /// A SELECT of one expression alone, which shows its own mistakes and nobody else's.
  public func probe(_ expression: Expression) -> String {
    "SELECT (\(expression.sql)\n) FROM \(source) AS roster"
  }

  private func flag(_ condition: Expression?) -> String {
    guard let condition else { return "true" }
    return "(\(condition.sql)\n) IS TRUE"
  }
}
