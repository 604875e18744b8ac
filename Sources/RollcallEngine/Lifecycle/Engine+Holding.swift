internal import LDAPModel
internal import RollcallConfiguration
package import RollcallCore
package import RollcallLedger

/// Whether a comparison of everybody removes anybody by itself.
extension Engine {
  /// A digest of what decides how entries look.
  package func fingerprint(of stateReader: StateReader) async throws(EngineError) -> String {
    // Who is taken over changes nothing about how anything looks.
    var groups = configuration.groups
    groups?.adopt = .none
    return Fingerprint.of(
      roster.query, path: configuration.source.schemas, keyType: try await roster.resolveKeyType(), stateReader.rules,
      groups: groups, stateReader.facts.schema)
  }

  /// Why the next comparison holds every removal; nil where the budget decides.
  ///
  /// A slip in the mapping, or in the table that it reads, is seen before it costs anybody.
  package func holding(_ record: DirectoryRecord?, of stateReader: StateReader, _ fingerprint: String) -> RemovalBudget
    .Reason?
  {
    // Another directory, or another part of it, has never been compared.
    let base = stateReader.rules.base.normalized(stateReader.facts.schema)
    guard let record, record.server == stateReader.facts.identity, record.base == base, record.sinceReconcile != nil
    else {
      return .firstComparison
    }
    return record.compared == fingerprint ? nil : .changedMapping
  }
}
