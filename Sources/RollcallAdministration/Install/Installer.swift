internal import Postgres
package import Reactor
package import RollcallConfiguration
internal import RollcallEngine
package import RollcallLedger

/// Prepares a database for one directory: the schema, the triggers, the daemon's rights.
///
/// It runs as the owner of the tables, which may be another role than the daemon's.
@Reactor
package final class Installer {
  private let configuration: Configuration
  private let database: Database
  private let mapping: Database
  private let role: String?
  /// Called with a message for each completed step.
  package var onStep: (@Reactor (String) -> Void)?

  /// The current step, and the number of tables that are watched; for display.
  package private(set) var now = "installing the schema"
  package private(set) var watched: (done: Int, of: Int)?

  /// - Parameters:
  ///   - connection: the connection as the tables' owner; nil means the daemon's.
  ///   - role: the daemon's role; nil means the one in the configuration's connection.
  /// - Throws: ``EngineError`` if a connection string is malformed.
  package init(
    _ configuration: Configuration, connection: String? = nil, role: String? = nil
  ) throws(EngineError) {
    self.configuration = configuration
    do throws(PostgresError) {
      let own = configuration.source.connection.text
      let options = try ConnectionOptions(connection ?? own, applicationName: "rollcall install")
      // Installing a trigger yields to writers for up to a minute per table.
      database = Database(options, timeout: 600_000)
      mapping = Database(options, searchPath: SessionSettings.path(configuration.source.schemas))
      let named = try ConnectionOptions(own, applicationName: "rollcall")["user"]
      self.role = role ?? named
    } catch {
      throw .database(error)
    }
  }

  package func close() {
    database.close()
    mapping.close()
  }

  /// Does all steps; existing objects are kept, so that it can be run again at any time.
  ///
  /// - Throws: ``EngineError`` that says what is missing.
  package func install() async throws(EngineError) {
    let user = try await database.query("SELECT session_user").text(0, 0) ?? ""
    let isOwner = try await installSchema(user)
    let readings = try await MappingReader(mapping, configuration).read()
    let failures = MappingInspection(configuration).failures(readings)
    if !failures.isEmpty { throw .refused(Finding.text(failures)) }
    let coverage = Coverage(database, mapping: mapping, configuration, readings)
    let (demands, findings) = try await coverage.demands()
    let errors = findings.filter { $0.level == .error }
    if !errors.isEmpty { throw .refused(Finding.text(errors)) }
    watched = (0, demands.count)
    for demand in demands {
      now = "watching \(demand.table)"
      try await watch(demand)
      watched?.done += 1
    }
    for finding in coverage.readOnce() { onStep?("\(finding.place): \(finding.message)") }
    (now, watched) = ("granting rights", nil)
    try await nameOtherKeys(demands)
    let tables = demands.map { Relation(oid: $0.oid, name: $0.table) }
    // Views are read with their owners' rights, but the daemon needs the right to read the views. What only the queries
    // that find people and the attributes of groups read is not watched.
    let others = readings.flatMap { reading in
      reading.tables.filter { $0.isView || (reading.isOfKeys || reading.isOnce) && !$0.isCatalog }
    }
    let more = Set(others.map { Relation(oid: $0.oid, name: $0.name) }).subtracting(tables)
    try await grant(user, tables, more.sorted { $0.name < $1.name }, isOwner: isOwner)
  }

  /// A relation that the daemon's role must be able to read.
  private struct Relation: Hashable {
    var oid: Int
    /// Schema and name, quoted where needed.
    var name: String
  }

  // MARK: Schema

  /// Creates the schema, or upgrades it if this user may.
  ///
  /// - Returns: whether the user may.
  private func installSchema(_ user: String) async throws(EngineError) -> Bool {
    let ledger = Ledger(database, directory: configuration.name)
    let before: Int?
    do throws(EngineError) { before = try await ledger.schemaVersion() } catch {
      guard case .database(let refusal) = error, refusal.sqlState == "42501" else { throw error }
      try await OwnerRights.require(database)
      throw error
    }
    try ledger.refuseNewer(before)
    do throws(EngineError) {
      try await database.script(SQLScripts.install, timeout: .seconds(300))
    } catch {
      _ = try? await database.query("ROLLBACK")
      guard case .database(let refusal) = error, refusal.sqlState == "42501" else { throw error }
      guard before == SQLScripts.version else {
        throw .refused(
          "the schema \"rollcall\" cannot be installed as \(user) (\(refusal.message)); it takes a superuser, or a "
            + "role with CREATEROLE and CREATE on the database: rollcall install --connection URI, or psql -f install.sql"
        )
      }
      try await OwnerRights.require(database)
      onStep?("schema rollcall: version \(SQLScripts.version) is installed; \(user) may not change it")
      return false
    }
    switch before {
    case nil: onStep?("schema rollcall: installed, version \(SQLScripts.version)")
    case SQLScripts.version?: onStep?("schema rollcall: version \(SQLScripts.version) is already installed")
    case let old?: onStep?("schema rollcall: upgraded from version \(old) to \(SQLScripts.version)")
    }
    return true
  }

  // MARK: Triggers

  private func watch(_ demand: Coverage.Demand) async throws(EngineError) {
    let (columns, urgent) = try await withOthers(demand)
    let array = columns.map { SQLText.array($0) }
    do throws(EngineError) {
      try await database.query(
        "SELECT rollcall.watch($1::oid::regclass, $2::name, $3::name[], $4::name[])",
        ["\(demand.oid)", demand.key, array, urgent.map { SQLText.array($0) }],
        timeout: .seconds(300))
    } catch {
      guard case .database(let refusal) = error, refusal.kind == .server else { throw error }
      let hint = refusal.hint.map { "; \($0)" } ?? ""
      throw .refused(
        "\(demand.table) cannot be watched: \(refusal.message)\(refusal.detail.map { " (\($0))" } ?? "")\(hint)"
      )
    }
    let seen = columns.map { $0.isEmpty ? "its key alone" : $0.joined(separator: ", ") } ?? "all columns"
    onStep?("\(demand.table): watched by its column \(demand.key) for changes of \(seen)\(demand.finding)")
  }

  /// Reports other key columns by which these tables are watched: another directory may use them.
  private func nameOtherKeys(_ demands: [Coverage.Demand]) async throws(EngineError) {
    for oid in Set(demands.map(\.oid)).sorted() {
      let own = demands.filter { $0.oid == oid }
      let found = try await database.query(
        "SELECT key FROM rollcall.watched WHERE source = $1::oid AND key <> ALL ($2::name[]) ORDER BY key",
        ["\(oid)", SQLText.array(own.map(\.key))])
      for row in 0..<found.rowCount {
        let (table, key) = (own[0].table, found.text(row, 0) ?? "")
        onStep?(
          "\(table): also watched by its column \(key), for another directory; if there is none: "
            + "SELECT rollcall.unwatch(\(SQLText.literal(table)), \(SQLText.literal(key)))")
      }
    }
  }

  /// The columns to watch, and those whose change is urgent: other directories may read more columns of the table than
  /// this one, and decide by others.
  private func withOthers(
    _ demand: Coverage.Demand
  ) async throws(EngineError) -> (columns: [String]?, urgent: [String]?) {
    let others = try await database.query(
      """
      SELECT w.columns, w.urgent FROM rollcall.watched AS w
      WHERE w.source = $1::oid AND w.key = $2 AND w.problem IS NULL
        AND EXISTS (SELECT FROM rollcall.directory AS d WHERE d.name <> $3)
      """, ["\(demand.oid)", demand.key, configuration.name])
    if others.isEmpty { return (demand.columns?.sorted(), demand.urgent?.sorted()) }
    // Who knows no urgent columns takes none away from the others.
    let urgent = [demand.urgent, others.names(0, 1).map { Set($0) }].compactMap { $0 }
    let all = urgent.isEmpty ? nil : urgent.reduce(Set<String>()) { $0.union($1) }.sorted()
    guard let own = demand.columns, let watched = others.names(0, 0) else { return (nil, all) }
    return (own.union(watched).sorted(), all)
  }

  // MARK: Rights

  private func grant(
    _ user: String, _ tables: [Relation], _ others: [Relation], isOwner: Bool
  ) async throws(EngineError) {
    guard let role = try await daemonRole() else { return }
    if role == user {
      onStep?("rights: none to grant, because the daemon also connects as \(user)")
      return
    }
    let known = try await database.query("SELECT FROM pg_roles WHERE rolname = $1", [role])
    guard !known.isEmpty else {
      throw .refused(
        "the role \"\(role)\" that the daemon connects as does not exist; create it, then run this again: "
          + "CREATE ROLE \(SQLText.identifier(role)) LOGIN PASSWORD '…'")
    }
    do throws(EngineError) {
      try await database.script(SQLScripts.grants(to: role))
    } catch {
      _ = try? await database.query("ROLLBACK")
      guard !isOwner, case .database(let refusal) = error, refusal.sqlState == "42501" else { throw error }
      for table in tables { try await letRead(table, role) }
    }
    for relation in others { try await letRead(relation, role) }
    try await requireRights(role, tables + others)
    onStep?(
      "rights: \(role) may read the watched tables\(others.isEmpty ? "" : " and \(others.map(\.name).joined(separator: ", "))") "
        + "and keep its state in the schema rollcall")
  }

  /// If this user cannot grant it, the missing right is reported at the end.
  private func letRead(_ relation: Relation, _ role: String) async throws(EngineError) {
    do throws(EngineError) {
      try await database.query("GRANT SELECT ON \(relation.name) TO \(SQLText.identifier(role))")
    } catch {
      guard case .database(let refusal) = error, refusal.sqlState == "42501" else { throw error }
    }
  }

  /// The daemon's role; asks the server if the configuration does not name it.
  private func daemonRole() async throws(EngineError) -> String? {
    if let role { return role }
    let session = try Database(configuration)
    defer { session.close() }
    do throws(EngineError) { return try await session.query("SELECT session_user").text(0, 0) } catch {
      onStep?(
        "rights: not granted, because the daemon's role is unknown (\(error)); use --role NAME")
      return nil
    }
  }

  private func requireRights(_ role: String, _ relations: [Relation]) async throws(EngineError) {
    var missing: [String] = []
    let quoted = SQLText.identifier(role)
    for relation in relations {
      let rights = try await database.query(
        """
        SELECT has_schema_privilege($1, c.relnamespace, 'USAGE'), has_table_privilege($1, c.oid, 'SELECT'),
          c.relnamespace::regnamespace::text
        FROM pg_class AS c WHERE c.oid = $2::oid
        """, [role, "\(relation.oid)"])
      if !rights.bool(0, 0) {
        missing.append("GRANT USAGE ON SCHEMA \(rights.text(0, 2) ?? "") TO \(quoted)")
      }
      if !rights.bool(0, 1) { missing.append("GRANT SELECT ON \(relation.name) TO \(quoted)") }
    }
    let ledger = try await database.query("SELECT has_schema_privilege($1, 'rollcall', 'USAGE')", [role])
    if !ledger.bool(0, 0) {
      missing.append("psql -v role=\(role) -f grants.sql, as the role that installed the schema")
    }
    if missing.isEmpty { return }
    throw .refused(
      "\(role) still lacks rights that this user cannot grant: " + missing.joined(separator: "; "))
  }
}

extension SQLScripts {
  /// `grants.sql` with psql's variable `role` replaced.
  static func grants(to role: String) -> String {
    var isOfOthers = false
    var lines: [Substring] = []
    for line in grants.split(separator: "\n", omittingEmptySubsequences: false) {
      // psql's own commands: what is for a reader, a viewer or an operator is left out.
      if line.hasPrefix("\\") {
        isOfOthers = line.hasPrefix("\\if") || line.hasPrefix("\\elif")
      } else if !isOfOthers {
        lines.append(line)
      }
    }
    return lines.joined(separator: "\n").split(separator: ":\"role\"", omittingEmptySubsequences: false).joined(
      separator: SQLText.identifier(role)
    )
    .split(separator: ":'role'", omittingEmptySubsequences: false).joined(separator: SQLText.literal(role))
  }
}
