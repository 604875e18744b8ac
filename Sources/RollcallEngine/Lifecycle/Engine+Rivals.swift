package import LDAPModel
internal import Reactor
internal import RollcallConfiguration
internal import RollcallLedger

extension Engine {
  /// Refuses a base that equals, holds or lies inside the one of another directory name: what one makes would be an
  /// orphan to the other.
  ///
  /// - Parameter givingUp: this directory's base has been written down and is taken back. Two that start at one moment
  ///   may both overlook each other before that, and at least one does not afterwards.
  func refuseRivals(_ facts: DirectoryFacts, _ base: String, givingUp: Bool = false) async throws(EngineError) {
    let rivals = Rivals(others: try await ledger.others(), schema: facts.schema, base: configuration.users.base)
    let refusal = try await rivals.refusal(normalized: base, identity: facts.identity) { name throws(EngineError) in
      try await self.link.identity(of: name)
    }
    guard let refusal else { return }
    if givingUp { try await ledger.giveUpBase() }
    throw .refused(refusal)
  }
}

/// The other directory names of this database, which may manage the same data.
package struct Rivals {
  package typealias Other = (name: String, base: String, server: String)

  let others: [Other]
  let schema: Schema
  /// As it is configured.
  let base: DistinguishedName

  package init(others: [Other], schema: Schema, base: DistinguishedName) {
    self.others = others
    self.schema = schema
    self.base = base
  }

  /// Why this base is another name's already; nil where it is not.
  ///
  /// Two servers may have equal names. It is the same data where the other's base is found here with the unique id that
  /// the other has seen; a base above that this account may not read is left to the other one to refuse.
  ///
  /// - Parameters:
  ///   - normalized: the base as the ledger has it.
  ///   - identity: its unique id.
  ///   - look: finds the unique id of another entry.
  @Reactor
  package func refusal<Failure: Error>(
    normalized: String, identity: String, _ look: @Reactor (DistinguishedName) async throws(Failure) -> String?
  ) async throws(Failure) -> String? {
    let own = DistinguishedName(unchecked: normalized)
    for other in others {
      let theirs = DistinguishedName(unchecked: other.base)
      let manages: String
      if other.base == normalized {
        if other.server != identity { continue }
        manages = base.text
      } else if theirs.isBelow(own, schema) {
        manages = "\(other.base), which lies inside \(base.text)"
      } else if own.isBelow(theirs, schema) {
        manages = "\(other.base), which holds \(base.text)"
      } else {
        continue
      }
      if other.base != normalized, try await look(theirs) != other.server { continue }
      return "the directory name \"\(other.name)\" already manages \(manages); two names must not write to one base "
        + "(rollcall uninstall with its configuration releases it)"
    }
    return nil
  }
}
