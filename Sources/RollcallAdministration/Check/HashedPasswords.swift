internal import Postgres
internal import Reactor
internal import RollcallConfiguration
internal import RollcallCore
internal import RollcallEngine
internal import RollcallLedger

/// People whose passwords are hashes.
@Reactor
struct HashedPasswords: Sendable {
  /// For each form one person's key.
  private let found: [(form: PasswordHash, key: String)]

  private static let binary: UInt32 = 17

  /// Looks for them without reading a password; finds nobody where the expression fails for a row.
  init(_ configuration: Configuration, _ readings: [MappingReading], _ mapping: Database) async {
    let query = RosterQuery(configuration)
    let path = "users.password"
    guard let expression = query.expressions.first(where: { $0.path == path }),
      let reading = readings.first(where: { $0.path == path }), !reading.isArray
    else {
      found = []
      return
    }
    let text =
      reading.type == Self.binary ? "pg_catalog.encode(value, 'escape')" : "value::pg_catalog.text"
    let forms = PasswordHash.allCases
    let columns = forms.indices.map {
      "pg_catalog.min(key) FILTER (WHERE \(text) OPERATOR(pg_catalog.~) $\($0 + 1)::pg_catalog.text)"
    }
    let sql = "SELECT \(columns.joined(separator: ", ")) FROM (\(query.values(of: expression))) AS people"
    guard let keys = try? await mapping.read(sql, forms.map(\.pattern), limit: .seconds(10)) else {
      found = []
      return
    }
    found = forms.indices.compactMap { index in keys.text(0, index).map { (forms[index], $0) } }
  }

  /// What such a server makes of them.
  func findings(_ configuration: Configuration, _ dialect: any Dialect) -> [Finding] {
    found.compactMap { form, key in
      form.complaint(takesHashes: dialect.takesHashedPasswords).map {
        Finding(.warning, configuration.place(of: "users.password"), "of person \(key) \($0)")
      }
    }
  }
}
