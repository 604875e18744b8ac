internal import Postgres
package import RollcallConfiguration
internal import RollcallCore

/// Checks the mapping, based on PostgreSQL's analysis of its parts.
package struct MappingInspection: Sendable {
  let configuration: Configuration

  package init(_ configuration: Configuration) { self.configuration = configuration }

  /// Parts that PostgreSQL rejects, each with its place in the file and PostgreSQL's message, or that make no sense.
  package func failures(_ readings: [MappingReading]) -> [Finding] {
    readings.compactMap { reading in
      guard let failure = reading.failure else {
        if reading.isOfKeys { return complaint(reading, readings) }
        guard reading.path == "groups.membership", !reading.isArray else { return nil }
        return Finding(
          .error, configuration.place(of: reading.path), "is not an array; the names of groups must be text[]",
          remedy: "ARRAY[…] makes an array of a single name")
      }
      let detail = [failure.detail, failure.hint].compactMap { $0 }.map { " (\($0))" }.joined()
      return Finding(.error, configuration.place(of: reading.path), failure.message + detail)
    }
  }

  /// What is wrong with a query that finds people.
  private func complaint(_ reading: MappingReading, _ readings: [MappingReading]) -> Finding? {
    let roster = readings.first { $0.path == "source.key" && $0.failure == nil }.flatMap { KeyType(oid: $0.type) }
    return KeyQuery.complaint(columns: reading.columns, type: reading.type, roster: roster).map {
      Finding(.error, configuration.place(of: reading.path), $0)
    }
  }

  /// All other findings: the key's type, values that change by themselves, and what cannot be checked.
  package func findings(_ readings: [MappingReading]) -> [Finding] {
    var findings = failures(readings)
    if readings.contains(where: \.isBlind) {
      findings.append(
        Finding(
          .warning, "database",
          "this role may not create temporary views, so Rollcall cannot tell what the mapping reads",
          remedy: "GRANT TEMPORARY ON DATABASE … TO …, or check as another role"))
    }
    for reading in readings where reading.failure == nil {
      if reading.path == "source.key", KeyType(oid: reading.type) == nil {
        findings.append(
          Finding(
            .error, configuration.place(of: reading.path), "the column's type cannot be a key",
            remedy: "it must be an integer, uuid, text or varchar"))
      }
      if reading.path == "source.key", KeyType(oid: reading.type) == .text {
        findings.append(Finding(.warning, configuration.place(of: reading.path), KeyType.textIsHeard))
      }
      if reading.path.hasPrefix("source.due"), DueQuery.Part.Kind(oid: reading.type) == nil {
        findings.append(
          Finding(
            .error, configuration.place(of: reading.path), DueQuery.Part.Kind.expected,
            remedy: "cast it: (expression)::date"))
      }
      if reading.isOfReferences, let finding = reference(reading, readings) {
        findings.append(finding)
      }
      for stranger in reading.strangers {
        findings.append(
          Finding(
            .warning, configuration.place(of: reading.path),
            "calls \(stranger.function), which belongs to \(stranger.owner): neither a superuser nor the owner of the "
              + "database or of the source table", remedy: "review it: its owner controls what the mapping returns"))
      }
      findings += reading.functions.compactMap { finding(reading.path, $0) }
    }
    return findings
  }

  /// Functions that write; functions that other functions call are detected when they run.
  private static let writing: Set<String> = ["nextval()", "setval()", "lo_create()", "lo_put()", "lo_unlink()"]

  /// Functions that return the time.
  private static let clocks: Set<String> = [
    "now()", "transaction_timestamp()", "statement_timestamp()", "clock_timestamp()", "timeofday()", "age()",
    "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "LOCALTIME", "LOCALTIMESTAMP",
  ]

  /// What a function that is no plain one of PostgreSQL means for the mapping; nil where `due` makes up for it.
  private func finding(_ path: String, _ function: MappingReading.Function) -> Finding? {
    let place = configuration.place(of: path)
    let isClock = !function.isForeign && MappingInspection.clocks.contains(function.name)
    if path.hasPrefix("source.due"), !function.isForeign {
      return Finding(
        .error, place, "\(function.name) changes its value although no row changes, so this date never comes",
        remedy: "give the date that the row has, such as valid_until + 1")
    }
    // It runs when a row has changed or a group is created; what it reads at that time is what counts.
    let isReadThen = path.hasPrefix("source.watch") || path.hasPrefix(MappingReading.groups)
    if isReadThen, !MappingInspection.writing.contains(function.name) { return nil }
    if isClock, !configuration.source.due.isEmpty { return nil }
    if MappingInspection.writing.contains(function.name) {
      return Finding(
        .error, place,
        "calls \(function.name), which PostgreSQL refuses: the mapping is evaluated in a read-only "
          + "transaction", remedy: "assign such values in a trigger or a column default, and read the column")
    }
    if function.isForeign {
      return Finding(
        .warning, place, "calls \(function.name), and Rollcall cannot tell what it depends on",
        remedy:
          "declare it IMMUTABLE if it depends on its arguments alone; else name the tables that it reads in source.watch"
      )
    }
    return Finding(
      .warning, place, "\(function.name) changes its value although no row changes",
      remedy: isClock
        ? "name the dates that it is compared with in source.due, such as [valid_from, valid_until + 1]; without them a "
          + "change takes effect when the row is next written, or at the next reconcile"
        : "such a change takes effect when the row is next written, or at the next reconcile")
  }
}
