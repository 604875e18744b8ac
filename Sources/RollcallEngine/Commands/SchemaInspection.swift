internal import RollcallCore

/// What the directory's schema has against the configuration, as `rollcall check` tells it.
struct SchemaInspection: Sendable {
  private let configuration: Configuration
  private let facts: DirectoryFacts

  init(_ configuration: Configuration, _ facts: DirectoryFacts) {
    self.configuration = configuration
    self.facts = facts
  }

  /// - Parameter readings: what PostgreSQL makes of the expressions; their types tell which give arrays.
  func findings(_ readings: [MappingReading]) -> [Finding] {
    let arrays = readings.filter { if case .array = ColumnType(oid: $0.type) { true } else { false } }
    let check = SchemaCheck(schema: facts.schema, dialect: facts.dialect, arrays: Set(arrays.map(\.path)))
    let users = UserRules(configuration.users)
    var complaints = check.complaints(about: users)
    if let groups = configuration.groups {
      complaints += check.complaints(about: GroupRules(groups), users: users)
    }
    return complaints.map { complaint in
      Finding(
        complaint.level == .error ? .error : .warning, configuration.place(of: complaint.path), complaint.message,
        remedy: complaint.remedy)
    }
  }
}
