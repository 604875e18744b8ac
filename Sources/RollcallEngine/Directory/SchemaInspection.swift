package import LDAPModel
package import RollcallConfiguration
package import RollcallCore

/// Checks, for `rollcall check`, whether the directory's schema accepts the entries of the mapping.
package struct SchemaInspection {
  private let configuration: Configuration
  private let check: SchemaCheck

  /// - Parameter readings: PostgreSQL's analysis of the expressions; their types show which are arrays.
  package init(
    _ configuration: Configuration, _ schema: Schema, _ dialect: any Dialect, _ readings: [MappingReading]
  ) {
    self.configuration = configuration
    let users = configuration.users
    let texts =
      users.attributes.map { ("users.attributes.\($0.attribute)", $0.expression) }
      + users.createOnly.map { ("users.create_only.\($0.attribute)", $0.expression) }
    let types = Dictionary(readings.map { ($0.path, $0.type) }) { first, _ in first }
    var expressions: [String: ExpressionType] = [:]
    for (path, text) in texts {
      if let oid = types[path], oid != 0 { expressions[path] = ExpressionType(oid: oid, text: text) }
    }
    check = SchemaCheck(
      schema: schema, dialect: dialect, arrays: Set(readings.filter(\.isArray).map(\.path)),
      expressions: expressions)
  }

  private var complaints: [SchemaComplaint] {
    let users = UserRules(configuration.users)
    var complaints = check.complaints(about: users)
    if let groups = configuration.groups {
      complaints += check.complaints(about: GroupRules(groups), users: users)
    }
    return complaints
  }

  /// The conflicts that `check` reports as errors, each with its place; nil if there are none. Every entry, or every
  /// one with such a value, would be parked.
  var refusal: String? {
    // A group that cannot become empty affects only its last member.
    let errors = complaints.filter { $0.level == .error && $0.path != "groups.empty" }
    if errors.isEmpty { return nil }
    return errors.map { complaint in
      "\(configuration.place(of: complaint.path)): \(complaint.message)\(complaint.remedy.map { " (\($0))" } ?? "")"
    }.joined(separator: "; ")
  }

  package func findings() -> [Finding] {
    let findings = complaints.map { complaint in
      Finding(
        complaint.level == .error ? .error : .warning, configuration.place(of: complaint.path),
        complaint.message,
        remedy: complaint.remedy)
    }
    if findings.contains(where: { $0.level == .error }) { return findings }
    let place = configuration.place(of: "users.classes")
    return findings + [Finding(.ok, place, "the directory's schema accepts the mapping")]
  }
}
