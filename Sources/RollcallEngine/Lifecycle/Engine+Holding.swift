internal import LDAPModel
internal import RollcallConfiguration
package import RollcallCore
package import RollcallLedger

/// Decides whether a full comparison may remove people by itself.
extension Engine {
  /// A digest of everything that determines how entries look.
  package func fingerprint(of stateReader: StateReader) async throws(EngineError) -> String {
    // Adopting groups does not change how any entry looks.
    var groups = configuration.groups
    groups?.adopt = .none
    return Fingerprint.of(
      roster.query, path: configuration.source.schemas, keyType: try await roster.resolveKeyType(), stateReader.rules,
      groups: groups, stateReader.facts.schema)
  }

  /// Why the next full comparison holds every removal; nil if the budget decides.
  ///
  /// This catches a mistake in the mapping, or in a table that it reads, before anyone is removed.
  package func holding(_ record: DirectoryRecord?, of stateReader: StateReader, _ fingerprint: String) -> RemovalBudget
    .Reason?
  {
    // A different directory, or a different base, has never been compared.
    let base = stateReader.rules.base.normalized(stateReader.facts.schema)
    guard let record, record.server == stateReader.facts.identity, record.base == base, record.sinceReconcile != nil
    else {
      return .firstComparison
    }
    if record.compared != fingerprint { return .changedMapping }
    return clockHasJumped ? .clockJumped : nil
  }
}
