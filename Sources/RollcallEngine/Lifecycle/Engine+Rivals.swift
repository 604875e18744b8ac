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
    if rivals.others.isEmpty { return }
    let place = Rivals.Place(
      base: base, identity: facts.identity, suffix: facts.suffix(of: configuration.users.base),
      urls: configuration.directory.urls.map(\.text), isNew: try await ledger.record()?.sinceReconcile == nil)
    let refusal = try await rivals.refusal(of: place) { name throws(EngineError) in
      try await self.link.identity(of: name)
    }
    guard let refusal else { return }
    if givingUp { try await ledger.giveUpBase() }
    throw .refused(refusal)
  }
}

/// The other directory names in this database, which may manage the same data.
package struct Rivals {
  package typealias Other = (name: String, base: String, server: String, urls: [String])

  /// The directory that may have rivals.
  package struct Place {
    /// The base as stored in the ledger, and its unique id.
    var base: String
    var identity: String
    /// The suffix of the server that holds it.
    var suffix: DistinguishedName
    /// Where the servers are.
    var urls: [String]
    /// Whether the directory has never been compared.
    var isNew: Bool

    package init(base: String, identity: String, suffix: DistinguishedName, urls: [String], isNew: Bool) {
      self.base = base
      self.identity = identity
      self.suffix = suffix
      self.urls = urls
      self.isNew = isNew
    }
  }

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
  /// other directory has recorded. An outer base that this account cannot read exists all the same, and an inner one may
  /// where the servers are the same. A directory that has been compared goes on then; a new one is refused, since
  /// otherwise the other directory, which can read both, would have to stop.
  ///
  /// - Parameter look: returns the unique id of another entry; nil if it cannot be read.
  @Reactor
  package func refusal<Failure: Error>(
    of place: Place, _ look: @Reactor (DistinguishedName) async throws(Failure) -> String?
  ) async throws(Failure) -> String? {
    let (normalized, identity) = (place.base, place.identity)
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
      if other.base != normalized {
        let found = try await look(theirs)
        let mayBeHere =
          own.isBelow(theirs, schema) ? isHere(theirs, place.suffix) : other.urls.contains(where: place.urls.contains)
        if found == nil, place.isNew, mayBeHere {
          return "the directory name \"\(other.name)\" manages \(manages), and whether that is the same directory "
            + "cannot be told: let the account of directory.bind read the unique id of \(other.base); where the name is "
            + "not used any more, rollcall uninstall with its configuration releases the base"
        }
        if found != other.server { continue }
      }
      return "the directory name \"\(other.name)\" already manages \(manages); two names must not share a base "
        + "(rollcall uninstall with its configuration releases it)"
    }
    return nil
  }

  /// Whether the server holds a base's place.
  private func isHere(_ base: DistinguishedName, _ suffix: DistinguishedName) -> Bool {
    base.isBelow(suffix, schema) || base.normalized(schema) == suffix.normalized(schema)
  }
}
