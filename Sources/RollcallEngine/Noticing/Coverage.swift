internal import Postgres
package import Reactor
package import RollcallConfiguration
internal import RollcallCore
package import RollcallLedger

/// Checks whether every table that the mapping reads is watched, with the columns that it reads.
///
/// A change that no trigger logs is found only by the next full reconcile, a day later; the daemon therefore refuses
/// to start without this coverage.
@Reactor
package struct Coverage {
  /// A table to be watched.
  package struct Demand: Sendable {
    /// The key in the configuration that names it.
    var path: String
    package var oid: Int
    /// Schema and name, quoted where needed.
    package var table: String
    /// The column that names the person.
    package var key: String
    /// The columns that the mapping reads, without the key; nil means all.
    package var columns: Set<String>?
    /// The columns whose change can take somebody's access away; nil means that they are not known.
    package var urgent: Set<String>?
    /// Whether the column names the person, and what finds the people besides or instead.
    var namesPeople = true
    var queries: [String] = []
  }

  private let database: Database
  private let mapping: Database
  let configuration: Configuration
  let readings: [MappingReading]
  /// What is read once, when a group is created.
  let once: [MappingReading]

  /// - Parameter mapping: a session that resolves the tables' names as the mapping does.
  package init(_ database: Database, mapping: Database, _ configuration: Configuration, _ readings: [MappingReading]) {
    self.database = database
    self.mapping = mapping
    self.configuration = configuration
    self.readings = readings.filter { !$0.isOfKeys && !$0.isOnce }
    once = readings.filter(\.isOnce)
  }

  /// The tables that have to be watched, and the problems with them.
  package func demands() async throws(EngineError) -> (demands: [Demand], findings: [Finding]) {
    var findings: [Finding] = []
    var demands: [Demand] = []
    for (path, table, key, query) in configured {
      let found = try await database.query(
        """
        SELECT c.oid, format('%I.%I', n.nspname, c.relname), c.relkind, EXISTS (SELECT FROM pg_attribute AS a
          WHERE a.attrelid = c.oid AND a.attname = $2 AND a.attnum > 0 AND NOT a.attisdropped)
        FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = $1::oid
        """, [try await mapping.oid(of: table), key])
      guard let oid = found.isEmpty ? nil : found.int(0, 0), let name = found.text(0, 1) else {
        findings.append(error(path, "there is no table \(table)"))
        continue
      }
      // A view is watched through its underlying tables.
      if path == "source.table", found.text(0, 2) == "v" { continue }
      if !found.bool(0, 3) {
        findings.append(error(path, "\(name) has no column \"\(key)\""))
      } else {
        let place = demands.firstIndex { $0.oid == oid && $0.key == key } ?? demands.count
        if place == demands.count {
          let urgent = urgent(of: oid, isRoster: path == "source.table", key)
          demands.append(
            Demand(
              path: path, oid: oid, table: name, key: key, columns: columns(of: oid, key), urgent: urgent,
              namesPeople: false))
        }
        if let query { demands[place].queries.append(query) } else { demands[place].namesPeople = true }
      }
    }
    findings += unwatched(demands)
    return (demands, findings)
  }

  /// Checks whether the triggers exist, are enabled and cover all columns that are read.
  package func findings() async throws(EngineError) -> [Finding] {
    var (demands, findings) = try await self.demands()
    let watched = try await database.query(
      "SELECT source::oid, key, columns, problem, warning, urgent FROM rollcall.watched")
    let install = "run: rollcall install"
    for demand in demands {
      let rows = (0..<watched.rowCount).filter { watched.int($0, 0) == demand.oid }
      guard let row = rows.first(where: { watched.text($0, 1) == demand.key }) ?? rows.first else {
        findings.append(
          Finding(.error, demand.table, "has no triggers, so changes would not be noticed", remedy: install))
        continue
      }
      let key = watched.text(row, 1) ?? ""
      if let problem = watched.text(row, 3) {
        findings.append(
          Finding(.error, demand.table, "its triggers are not in order: \(problem)", remedy: install))
      } else if key != demand.key {
        let message = "is watched by its column \"\(key)\", not by \"\(demand.key)\" as \(demand.path) says"
        findings.append(Finding(.error, demand.table, message, remedy: install))
      } else if !isBlind, let unseen = Coverage.unseen(demand, watched.names(row, 2)) {
        findings.append(
          Finding(
            .error, demand.table, "its triggers do not watch \(unseen), which the mapping reads",
            remedy: install))
      } else {
        let columns = watched.names(row, 2).map { $0.sorted().joined(separator: ", ") } ?? "all columns"
        findings.append(
          Finding(
            .ok, demand.table,
            "watched by its column \"\(key)\" for changes of \(columns)\(readers(of: demand))\(demand.finding)"))
        if demand.namesPeople { findings.append(Coverage.urgency(demand, watched.names(row, 5))) }
      }
      if let warning = watched.text(row, 4) {
        findings.append(Finding(.warning, demand.table, warning, remedy: install))
      }
    }
    return findings + readOnce()
  }

  private static func unseen(_ demand: Demand, _ columns: [String]?) -> String? {
    guard let columns else { return nil }
    guard let wanted = demand.columns else { return "all columns" }
    let missing = wanted.subtracting(columns).subtracting([demand.key])
    return missing.isEmpty ? nil : missing.sorted().joined(separator: ", ")
  }

  /// The tables that the configuration names to be watched.
  private var configured: [(path: String, table: QualifiedName, key: String, query: String?)] {
    var tables: [(String, QualifiedName, String, String?)] = []
    if case .table(let name) = configuration.source.relation {
      tables.append(("source.table", name, configuration.source.key, nil))
    }
    for (index, watched) in configuration.source.watch.enumerated() {
      let path = "source.watch[\(index)]"
      tables.append(("\(path).table", watched.table, watched.key, watched.keys.map { _ in "\(path).keys" }))
    }
    return tables
  }

  /// Which parts of the mapping read a table, as far as PostgreSQL tells.
  private func readers(of demand: Demand) -> String {
    let paths = readings.filter { $0.tables.contains { $0.oid == demand.oid } }.map(\.path)
      .filter { !["source.table", "source.key"].contains($0) && !$0.hasPrefix("source.due") }
    if paths.isEmpty { return "" }
    let most = 5
    let more = paths.count > most ? " and \(paths.count - most) more" : ""
    return "; read by \(paths.prefix(most).joined(separator: ", "))\(more)"
  }

  /// Whether this role cannot find out what the mapping reads.
  private var isBlind: Bool { readings.contains { $0.isBlind } }

  /// The columns that the mapping reads of a table; nil, meaning all, if a function or the like hides them.
  private func columns(of oid: Int, _ key: String) -> Set<String>? {
    if isBlind { return nil }
    let tables = readings.flatMap(\.tables).filter { $0.oid == oid }
    if tables.isEmpty { return nil }
    var columns: Set<String> = []
    for table in tables {
      guard let read = table.columns else { return nil }
      columns.formUnion(read)
    }
    return columns.subtracting([key])
  }

  /// Tables that are read but not watched.
  private func unwatched(_ demands: [Demand]) -> [Finding] {
    var findings: [Finding] = []
    var seen: Set<Int> = []
    for reading in readings {
      for table in reading.tables where !table.isView && !demands.contains(where: { $0.oid == table.oid }) {
        guard seen.insert(table.oid).inserted else { continue }
        findings.append(finding(reading.path, table))
      }
    }
    return findings
  }

  private func finding(_ path: String, _ table: MappingReading.Table) -> Finding {
    let place = configuration.place(of: path)
    if table.isCatalog {
      return Finding(
        .warning, place,
        "reads \(table.name), a system catalog; its changes take effect at the next reconcile")
    }
    let columns = table.columns.map { $0.sorted().joined(separator: ", ") } ?? "all columns"
    switch table.kind {
    case "m":
      return Finding(
        .error, place, "reads \(table.name), a materialized view, whose changes no trigger sees",
        remedy: "read the tables below it")
    case "f":
      return Finding(
        .error, place, "reads \(table.name), a foreign table, whose changes no trigger here sees",
        remedy: "copy it into this database")
    default:
      return Finding(
        .error, place, "reads \(table.name) (\(columns)), which is not watched",
        remedy: "add it to source.watch with the column that identifies the person, or with keys, a SELECT that finds "
          + "the people whom its changes concern; then run: rollcall install")
    }
  }

  private func error(_ path: String, _ message: String) -> Finding {
    Finding(.error, configuration.place(of: path), message)
  }
}

extension Coverage.Demand {
  /// How the people are found whom a change concerns; nothing where the column names them.
  package var finding: String {
    if queries.isEmpty { return "" }
    let found = "\(queries.joined(separator: " and ")) find\(queries.count == 1 ? "s" : "") the people concerned"
    return namesPeople ? "; the column names the person, and \(found) besides" : "; \(found)"
  }
}

extension Database {
  /// A table's OID, with its name resolved in this session; nil if there is none.
  package func oid(of table: QualifiedName) async throws(EngineError) -> String? {
    // Qualified: the mapping's session sees other schemas.
    try await query("SELECT pg_catalog.to_regclass($1::pg_catalog.text)::pg_catalog.oid", [table.sql]).text(0, 0)
  }
}

extension Engine {
  /// Checks that the mapping can be read and that the triggers cover all that it reads.
  ///
  /// - Throws: ``EngineError/refused(_:)`` with all problems.
  package func requireCoverage() async throws(EngineError) {
    try await requirePath()
    let readings = try await requireMapping()
    capture.note(readings)
    let unseen = try await MappingPath(sessions.database, configuration).findings(readings)
    if !unseen.isEmpty { throw .refused(Finding.text(unseen)) }
    let coverage = Coverage(sessions.database, mapping: sessions.mapping, configuration, readings)
    let findings = try await coverage.findings()
    let errors = findings.filter { $0.level == .error }
    if !errors.isEmpty { throw .refused(Finding.text(errors)) }
    try await noteReaders(coverage)
    for finding in findings where finding.level == .warning && finding.remedy != nil {
      events.emit(.warning(finding.message, place: finding.place, fix: finding.remedy))
    }
  }

  /// Checks that the mapping can be read, by running its statement; only if that fails, each expression is checked to
  /// find the culprit.
  ///
  /// - Throws: ``EngineError``, with the place in the file if there is one.
  package func requireReadable() async throws(EngineError) {
    try await requirePath()
    if try await mayHaveUnseenTypes() {
      let unseen = try await MappingPath(sessions.database, configuration).findings(try await requireMapping())
      if !unseen.isEmpty { throw .refused(Finding.text(unseen)) }
    }
    do throws(EngineError) { try await roster.prepare() } catch {
      if case .database(let failure) = error, failure.isConnectionLost { throw error }
      try await requireMapping()
      throw error
    }
  }

  /// Whether the columns that are read have to be checked; for a query they cannot be known without that.
  private func mayHaveUnseenTypes() async throws(EngineError) -> Bool {
    guard case .table = configuration.source.relation else { return true }
    var oids: [Int] = []
    for table in configuration.watchedTables {
      if let oid = try await sessions.mapping.oid(of: table).flatMap({ Int($0) }) { oids.append(oid) }
    }
    return try await MappingPath(sessions.database, configuration).hasUnseenTypes(oids)
  }

  /// PostgreSQL's analysis of the mapping.
  ///
  /// - Throws: ``EngineError/refused(_:)`` with the place in the file of everything that PostgreSQL rejects.
  @discardableResult
  private func requireMapping() async throws(EngineError) -> [MappingReading] {
    let readings: [MappingReading]
    do throws(EngineError) { readings = try await MappingReader(sessions.mapping, configuration).read() } catch {
      guard case .database(let refusal) = error, refusal.kind == .server, !refusal.isConnectionLost else {
        throw error
      }
      throw .refused("cannot analyse the mapping: \(refusal.message)")
    }
    if readings.contains(where: \.isBlind) {
      events.emit(
        .warning(
          "cannot see which columns the mapping reads: the database role may not create temporary views", place: nil,
          fix: "GRANT TEMPORARY ON DATABASE … TO …"))
    }
    let failures = MappingInspection(configuration).failures(readings)
    if !failures.isEmpty { throw .refused(Finding.text(failures)) }
    return readings
  }
}
