package import Reactor
package import RollcallConfiguration
internal import RollcallEngine

/// `rollcall check`: looks at everything that has to be in place, on both sides, and changes nothing.
@Reactor
package final class Inspection {
  private let configuration: Configuration
  /// Told of each finding as it is made.
  package var onFinding: (@Reactor (Finding) -> Void)?
  private var worst = Finding.Level.ok

  package init(_ configuration: Configuration) { self.configuration = configuration }

  /// Looks at it all, as far as what is wrong lets it.
  ///
  /// - Returns: the worst level that was found.
  package func run() async -> Finding.Level {
    note(Finding(.ok, configuration.file, "read, directory \"\(configuration.name)\""))
    for warning in configuration.warnings {
      let place = "\(warning.file)\(warning.mark.map { ":\($0)" } ?? "")"
      note(Finding(.warning, place, warning.message))
    }
    let database = DatabaseInspection(configuration) { self.note($0) }
    let source = await database.run()
    let directory = DirectoryInspection(configuration, source) { self.note($0) }
    await directory.run()
    return worst
  }

  private func note(_ finding: Finding) {
    worst = max(worst, finding.level)
    onFinding?(finding)
  }
}

/// What the database's side says that the directory's has to fit.
struct SourceFacts: Sendable {
  /// What PostgreSQL makes of the mapping; empty where it could not be asked.
  var readings: [MappingReading] = []
  /// People in scope; nil where they could not be counted.
  var people: Int?
  /// Nil where they could not be looked for.
  var hashedPasswords: HashedPasswords?
  /// Other directory names of this database, with their bases.
  var others: [Rivals.Other] = []
  /// Whether this directory has been compared.
  var isCompared = false
}
