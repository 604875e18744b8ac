internal import Postgres
package import RollcallConfiguration
internal import RollcallCore

/// Checks the mapping, based on PostgreSQL's analysis of its parts.
package struct MappingInspection: Sendable {
  private let configuration: Configuration

  package init(_ configuration: Configuration) { self.configuration = configuration }

  /// Parts that PostgreSQL rejects, each with its place in the file and PostgreSQL's message, or that make no sense.
  package func failures(_ readings: [MappingReading]) -> [Finding] {
    readings.compactMap { reading in
      guard let failure = reading.failure else {
        guard reading.path == "groups.membership", !reading.isArray else { return nil }
        return Finding(
          .error, configuration.place(of: reading.path), "is not an array; the names of groups must be text[]",
          remedy: "ARRAY[…] makes an array of a single name")
      }
      let detail = [failure.detail, failure.hint].compactMap { $0 }.map { " (\($0))" }.joined()
      return Finding(.error, configuration.place(of: reading.path), failure.message + detail)
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
      for stranger in reading.strangers {
        findings.append(
          Finding(
            .warning, configuration.place(of: reading.path),
            "calls \(stranger.function), which belongs to \(stranger.owner): neither a superuser nor the owner of the "
              + "database or of the source table", remedy: "review it: its owner controls what the mapping returns"))
      }
      for function in reading.functions { findings.append(finding(reading.path, function)) }
    }
    return findings
  }

  /// Functions that write; functions that other functions call are detected when they run.
  private static let writing: Set<String> = ["nextval()", "setval()", "lo_create()", "lo_put()", "lo_unlink()"]

  private func finding(_ path: String, _ function: MappingReading.Function) -> Finding {
    let place = configuration.place(of: path)
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
      remedy: "such a change takes effect when the row is next written, or at the next reconcile")
  }
}
