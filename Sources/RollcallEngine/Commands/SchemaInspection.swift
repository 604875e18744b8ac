internal import LDAPModel
internal import RollcallCore

/// Whether the directory's schema takes what the mapping makes, as `rollcall check` tells it.
struct SchemaInspection {
  private let configuration: Configuration
  private let check: SchemaCheck

  /// - Parameter readings: what PostgreSQL makes of the expressions; their types tell which give arrays.
  init(
    _ configuration: Configuration, _ schema: Schema, _ dialect: any Dialect, _ readings: [MappingReading]
  ) {
    self.configuration = configuration
    check = SchemaCheck(
      schema: schema, dialect: dialect, arrays: Set(readings.filter(\.isArray).map(\.path)))
  }

  func findings() -> [Finding] {
    let users = UserRules(configuration.users)
    var complaints = check.complaints(about: users)
    if let groups = configuration.groups {
      complaints += check.complaints(about: GroupRules(groups), users: users)
    }
    let findings = complaints.map { complaint in
      Finding(
        complaint.level == .error ? .error : .warning, configuration.place(of: complaint.path),
        complaint.message,
        remedy: complaint.remedy)
    }
    if findings.contains(where: { $0.level == .error }) { return findings }
    let place = configuration.place(of: "users.classes")
    return findings + [Finding(.ok, place, "the directory's schema takes the mapping")]
  }
}
