import LDAPModel

/// The type and the text of an expression of the mapping.
public struct ExpressionType: Sendable, Equatable {
  /// The OID in `pg_type`; for an array that of the array type.
  public var oid: UInt32
  public var text: String

  public init(oid: UInt32, text: String) {
    self.oid = oid
    self.text = text
  }
}

/// Values that every row would give, and that the server would refuse or change.
extension SchemaCheck {
  /// GeneralizedTime (RFC 4517 section 3.3.13).
  private static let generalizedTime = "1.3.6.1.4.1.1466.115.121.1.24"

  /// Expressions whose type is not a point in time, for attributes that hold one.
  func moments(_ users: UserRules) -> [SchemaComplaint] {
    let paths =
      users.attributes.map { ($0, "users.attributes.\($0)") }
      + users.createOnly.map { ($0, "users.create_only.\($0)") }
    return paths.compactMap { name, path in
      guard let expression = expressions[path], let syntax = schema.attributeType(name)?.syntax else { return nil }
      let isMoment = syntax == SchemaCheck.generalizedTime
      guard isMoment || dialect.timeForm(of: syntax) != nil,
        let type = SchemaCheck.type(expression.oid), isMoment || type.isOfTime
      else { return nil }
      let text =
        expression.text.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." }
        ? expression.text : "(\(expression.text))"
      return SchemaComplaint(
        .error, path,
        "\"\(name)\" is a point in time, but \(text) is \(type.name), which has no time zone",
        remedy: "write it as \(type.cast(text)), with the zone that the column means")
    }
  }

  private struct SQLType {
    let name: String
    let isOfTime: Bool
    /// Turns the expression into a point in time.
    let cast: (String) -> String
  }

  /// Types whose text the server would refuse; nil for all others, including text.
  private static func type(_ oid: UInt32) -> SQLType? {
    let zone = "AT TIME ZONE 'Europe/Berlin'"
    switch oid {
    case 1114: return SQLType(name: "timestamp without time zone", isOfTime: true) { "\($0) \(zone)" }
    case 1082: return SQLType(name: "date", isOfTime: true) { "\($0)::timestamp \(zone)" }
    case 1115, 1182:
      return SQLType(name: oid == 1115 ? "timestamp without time zone[]" : "date[]", isOfTime: true) {
        "ARRAY(SELECT t::timestamp \(zone) FROM unnest(\($0)) AS t)"
      }
    case 1083, 1266:
      return SQLType(name: oid == 1083 ? "time without time zone" : "time with time zone", isOfTime: true) {
        "(current_date + \($0)::time) \(zone)"
      }
    case 20, 21, 23, 1700, 701:
      return SQLType(name: "a number", isOfTime: false) { "to_timestamp(\($0)), if it counts the seconds since 1970" }
    default: return nil
    }
  }

  /// An attribute that always needs a value on the server, and has no value that means "none".
  func lasting(_ name: String) -> [SchemaComplaint] {
    let lasting = dialect.lastingAttributes.first { isSame($0.key, name) }
    guard let lasting else { return [] }
    let path = "users.attributes.\(name)"
    var found: [SchemaComplaint] = []
    if dialect.passwordSideEffects.contains(where: { isSame($0, name) }) {
      found.append(
        SchemaComplaint(
          .warning, path, "the server writes \"\(name)\" with each new password, and each comparison writes it back",
          remedy: "use users.create_only"))
    } else if lasting.value == nil {
      found.append(
        SchemaComplaint(
          .warning, path, "every entry has \"\(name)\": where its expression returns NULL, the value stays as it is",
          remedy: "let it always return a value"))
    }
    return found
  }

  /// A password that is configured twice.
  func passwords(_ users: UserRules) -> [SchemaComplaint] {
    guard users.hasPassword else { return [] }
    // Without follow, a mapped password is the first one only, and has a warning of its own.
    let others =
      users.createOnly.map { ($0, "users.create_only.\($0)") }
      + (users.followsPassword ? users.attributes.map { ($0, "users.attributes.\($0)") } : [])
    return others.filter { isSame($0.0, passwordAttribute) }.map { name, path in
      SchemaComplaint(
        .error, path, "users.password sets \"\(name)\" too, and overrides it", remedy: "keep one of them")
    }
  }
}
