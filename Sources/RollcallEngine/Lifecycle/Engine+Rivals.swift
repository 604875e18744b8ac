package import LDAPModel
internal import Reactor
internal import RollcallConfiguration
internal import RollcallLedger

extension Engine {
  /// Refuses a base that equals, contains or lies below the base of another directory name: each directory would treat
  /// the other's entries as orphans.
  ///
  /// - Parameter givingUp: whether this directory's base has already been recorded and is to be released. Two processes
  ///   that start at the same moment may overlook each other before that, but at least one of them notices afterwards.
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

/// The other directory names in this database, which may manage the same data.
package struct Rivals {
  package typealias Other = (name: String, base: String, server: String)

  let others: [Other]
  let schema: Schema
  /// The base as configured.
  let base: DistinguishedName

  package init(others: [Other], schema: Schema, base: DistinguishedName) {
    self.others = others
    self.schema = schema
    self.base = base
  }

  /// Why another directory name already manages this base; nil if none does.
  ///
  /// Two servers may have equal DNs. The data is the same if the other base is found here with the unique id that the
  /// other directory has recorded. If the other base lies above this one and this account cannot read it, refusing is
  /// left to the other directory.
  ///
  /// - Parameters:
  ///   - normalized: the base as stored in the ledger.
  ///   - identity: the unique id of the base.
  ///   - look: returns the unique id of another entry.
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
        manages = "\(other.base), which is below \(base.text)"
      } else if own.isBelow(theirs, schema) {
        manages = "\(other.base), which contains \(base.text)"
      } else {
        continue
      }
      if other.base != normalized, try await look(theirs) != other.server { continue }
      return "the directory name \"\(other.name)\" already manages \(manages); two names must not share a base "
        + "(rollcall uninstall with its configuration releases it)"
    }
    return nil
  }
}
