internal import LDAP
internal import LDAPModel
internal import RollcallCore

extension Surveyor {
  /// The steps that take away what a late add has made of a person again; nil where the entries are no such twins.
  func separate(
    _ key: RosterKey, _ entries: [Entry], wanted: DistinguishedName?, _ session: LDAPSession
  ) async throws(EngineError) -> [Step]? {
    do throws(LDAPError) {
      let identity = try await session.whoAmI()
      guard identity.hasPrefix("dn:") else { return nil }
      var whole: [Entry] = []
      for entry in entries {
        whole += try await session.search(
          base: entry.dn, scope: .base, filter: .present("objectClass"), attributes: Twins.attributes)
      }
      let account = DistinguishedName(unchecked: String(identity.dropFirst(3)))
      let twins = Twins(account: account, ours: planner.writtenAttributes, schema: facts.schema)
      return twins.spare(of: whole, wanted: wanted)?.map { entry in
        Step(key: key, operation: .delete(entry.dn), what: .removeTwin, frees: [entry.dn.normalized(facts.schema)])
      }
    } catch {
      // Gone meanwhile, or not to be asked: whoever looks next sees.
      if ErrorClassifier.classify(code: error.code, during: .search) == .connectionLost { throw .directory(error) }
      return nil
    }
  }
}
