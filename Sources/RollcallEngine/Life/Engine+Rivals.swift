internal import LDAPModel
internal import Reactor

extension Engine {
  /// Refuses a base that equals, holds or lies inside the one of another directory name: what one makes would be an
  /// orphan to the other.
  ///
  /// Two servers may have equal names. It is the same data where the other's base is found here with the unique id that
  /// the other has seen; a base above that this account may not read is left to the other one to refuse.
  ///
  /// - Parameter givingUp: this directory's base has been written down and is taken back. Two that start at one moment
  ///   may both overlook each other before that, and at least one does not afterwards.
  func refuseRivals(_ facts: DirectoryFacts, _ base: String, givingUp: Bool = false) async throws(EngineError) {
    let own = DistinguishedName(unchecked: base)
    for other in try await ledger.others() {
      let theirs = DistinguishedName(unchecked: other.base)
      let manages: String
      if other.base == base {
        if other.server != facts.identity { continue }
        manages = configuration.users.base.text
      } else if theirs.isBelow(own, facts.schema) {
        manages = "\(other.base), which lies inside \(configuration.users.base.text)"
      } else if own.isBelow(theirs, facts.schema) {
        manages = "\(other.base), which holds \(configuration.users.base.text)"
      } else {
        continue
      }
      if other.base != base, try await link.identity(of: theirs) != other.server { continue }
      if givingUp { try await ledger.giveUpBase() }
      throw .refused(
        "the directory name \"\(other.name)\" already manages \(manages); two names must not write to one base "
          + "(rollcall uninstall in its configuration gives it up)")
    }
  }
}
