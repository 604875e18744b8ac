internal import Postgres
internal import Reactor
internal import RollcallConfiguration
internal import RollcallEngine
internal import RollcallLedger

/// The database's side of `check`.
@Reactor
struct DatabaseInspection {
  private let configuration: Configuration
  private let note: @Reactor (Finding) -> Void

  init(_ configuration: Configuration, _ note: @escaping @Reactor (Finding) -> Void) {
    self.configuration = configuration
    self.note = note
  }

  func run() async -> SourceFacts {
    var facts = SourceFacts()
    let database: Database
    let mapping: Database
    do throws(EngineError) {
      database = try Database(configuration)
      mapping = try Database(mapping: configuration)
    } catch {
      note(Finding(.error, configuration.place(of: "source.connection"), "\(error)"))
      return facts
    }
    defer {
      database.close()
      mapping.close()
    }
    if let warning = configuration.transportWarning { note(warning) }
    do throws(EngineError) {
      try await look(database, mapping, &facts)
    } catch {
      note(Finding(.error, configuration.place(of: "source.connection"), "\(error)"))
    }
    return facts
  }

  private func look(_ database: Database, _ mapping: Database, _ facts: inout SourceFacts) async throws(EngineError) {
    let session = try await database.session()
    let who = try await database.query("SELECT session_user, current_database()")
    let version = session.serverVersion
    let name = "PostgreSQL \(version / 10_000).\(version % 10_000)"
    let place = "database \(who.text(0, 1) ?? "")"
    if version < 140_000 {
      note(Finding(.error, place, "\(name) is too old", remedy: "Rollcall needs PostgreSQL 14 or later"))
      return
    }
    note(Finding(.ok, place, "\(name), connected as \(who.text(0, 0) ?? "")"))
    let prepared = try await database.query("SELECT current_setting('max_prepared_transactions')")
    if let finding = TwoPhase.finding(prepared.int(0, 0) ?? 0) { note(finding) }
    let isInstalled = try await checkSchema(database, place)
    if isInstalled {
      try await checkUpkeep(database)
      let ledger = Ledger(database, directory: configuration.name)
      facts.others = try await ledger.others()
      facts.isCompared = try await ledger.record()?.sinceReconcile != nil
    }
    if let finding = try await TimezoneInspection(database, configuration).finding() { return note(finding) }
    let path = MappingPath(database, configuration)
    let strangers = try await path.findings()
    strangers.forEach(note)
    if !strangers.isEmpty { return }
    if configuration.source.reader == nil {
      note(
        Finding(
          .warning, configuration.place(of: "source.reader"),
          "the mapping is evaluated by the role that writes to the schema rollcall, in read-only transactions",
          remedy: "set source.reader to a role that can only read the table: psql -v reader=NAME -f grants.sql"))
    }
    facts.readings = try await MappingReader(mapping, configuration).read()
    var findings = MappingInspection(configuration).findings(facts.readings)
    findings += try await path.findings(facts.readings)
    findings.forEach(note)
    if findings.contains(where: { $0.level == .error }) { return }
    note(Finding(.ok, configuration.place(of: "users.attributes"), "PostgreSQL accepts the mapping"))
    if isInstalled {
      let coverage = Coverage(database, mapping: mapping, configuration, facts.readings)
      for finding in try await coverage.findings() { note(finding) }
    }
    try await checkReading(database, mapping, &facts)
    for finding in try await DueInspection(mapping, configuration).findings() { note(finding) }
  }

  // MARK: Parts

  private func checkSchema(_ database: Database, _ place: String) async throws(EngineError) -> Bool {
    do throws(EngineError) {
      try await Ledger(database, directory: configuration.name).requireInstalled()
    } catch {
      guard case .refused(let reason) = error else { throw error }
      note(Finding(.error, place, reason))
      try await tellUpgrade(database)
      return false
    }
    let ledger = Ledger(database, directory: configuration.name)
    if let missing = try await ledger.missingRights() {
      note(
        Finding(
          .error, "schema rollcall", "this role lacks rights: \(missing)",
          remedy: "run: rollcall install, or grants.sql"))
      return false
    }
    note(
      Finding(.ok, "schema rollcall", "version \(SQLScripts.version), with the rights that the daemon needs"))
    return true
  }

  /// What the upgrade of an older schema will do, before anything is changed.
  private func tellUpgrade(_ database: Database) async throws(EngineError) {
    // Who may not read the version was told so already.
    guard let found = try? await Ledger(database, directory: configuration.name).schemaVersion(),
      (1..<SQLScripts.version).contains(found)
    else { return }
    for version in found + 1...SQLScripts.version {
      note(
        Finding(.warning, "schema rollcall", "the upgrade to version \(version): \(SQLScripts.steps[version - 2])"))
    }
    note(
      Finding(
        .warning, "schema rollcall",
        "install upgrades it while writers are at work and keeps its data; the only way back is a backup of the schema, "
          + "and older programs refuse the new version",
        remedy: "read \"To do\" in the changelog; pg_dump -n rollcall keeps a copy; stop daemons of the older version"))
  }

  /// What else of the database keeps the daemon from its work: a full queue, a lock in strange hands, a forgotten name.
  private func checkUpkeep(_ database: Database) async throws(EngineError) {
    let ledger = Ledger(database, directory: configuration.name)
    let problems = StatusProblems(ledger)
    var found = [try await problems.queue(), try await problems.forgotten(), try await problems.log()]
    if let subject = try await ledger.record()?.subject { found.append(try await problems.lock(subject)) }
    if let others = try await ledger.strangersInSchema() {
      note(
        Finding(
          .warning, "schema rollcall",
          "other roles' code can run with the schema's rights, and make HR's writes fail, through \(others)",
          remedy: "drop these triggers and foreign keys, then run: rollcall install, which revokes such rights"))
    }
    await ChangeLog.pruneIfLarge(configuration)
    for problem in found.compactMap({ $0 }) {
      note(Finding(.warning, "schema rollcall", problem.message, remedy: problem.fix))
    }
  }

  /// Whether the rows can be read as they will be, and how many people there are.
  private func checkReading(
    _ database: Database, _ mapping: Database, _ facts: inout SourceFacts
  ) async throws(EngineError) {
    let query = RosterQuery(configuration)
    let path = if case .table = configuration.source.relation { "source.table" } else { "source.query" }
    let place = configuration.place(of: path)
    do throws(EngineError) {
      _ = try await mapping.read("EXPLAIN \(query.select)")
      try await checkKeyQueries(mapping)
      let scope = query.keys(inScopeOnly: true)
      let count = try await mapping.read(
        "SELECT count(*), count(*) - count(DISTINCT key) FROM (\(scope)) AS people (key)",
        timeout: .seconds(120))
      facts.people = count.int(0, 0)
      facts.hashedPasswords = await HashedPasswords(configuration, facts.readings, mapping)
      if let twice = count.int(0, 1), twice > 0 {
        note(
          Finding(
            .error, configuration.place(of: "source.key"),
            "\(counted(twice, "row")) with a duplicate key or none",
            remedy: "the key must be unique and not null"))
      }
      note(
        facts.people == 0
          ? Finding(
            .warning, place, "nobody is in scope",
            remedy: "see whether the table has rows, and source.where includes them")
          : Finding(.ok, place, "\(counted(facts.people ?? 0, "person", "people")) in scope"))
    } catch {
      guard case .database(let refusal) = error, refusal.kind == .server, !refusal.isConnectionLost else {
        throw error
      }
      // What the daemon's role needs, install grants; the reader's rights are nobody's but the administrator's to give.
      let remedy =
        configuration.source.reader == nil
        ? "run: rollcall install, which grants what the daemon's role needs"
        : "grant the role of source.reader what it needs: psql -v reader=NAME -f sql/grants.sql"
      note(Finding(.error, place, refusal.message, remedy: refusal.sqlState == "42501" ? remedy : nil))
    }
    try await checkKeyIndex(database, mapping)
  }

  /// Whether the queries that find people may be asked.
  private func checkKeyQueries(_ mapping: Database) async throws(EngineError) {
    for query in configuration.keyQueries {
      do throws(EngineError) { try await query.rehearse(mapping) } catch {
        guard case .database(let refusal) = error, refusal.sqlState == "42501" else { throw error }
        note(
          Finding(
            .error, configuration.place(of: query.path), refusal.message,
            remedy: configuration.source.reader == nil
              ? "run: rollcall install, which grants what the daemon's role needs"
              : "grant the role of source.reader SELECT on it"))
      }
    }
  }

  private func checkKeyIndex(_ database: Database, _ mapping: Database) async throws(EngineError) {
    guard case .table(let table) = configuration.source.relation else { return }
    let found = try await database.query(
      """
      SELECT c.relkind IN ('v', 'm') OR EXISTS (SELECT FROM pg_index AS i
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
        WHERE i.indrelid = c.oid AND i.indisunique AND i.indnkeyatts = 1 AND i.indpred IS NULL AND a.attname = $2)
      FROM pg_class AS c WHERE c.oid = $1::oid
      """, [try await mapping.oid(of: table), configuration.source.key])
    if found.isEmpty || found.bool(0, 0) { return }
    note(
      Finding(
        .warning, configuration.place(of: "source.key"), "this column has no unique index of its own",
        remedy: "create one: it prevents duplicate keys and makes look-ups fast"))
  }
}

/// `1 row`, `2 rows`.
func counted(_ count: Int, _ one: String, _ several: String? = nil) -> String {
  "\(count) \(count == 1 ? one : several ?? one + "s")"
}
