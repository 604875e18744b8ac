internal import LDAP
internal import LDAPModel
internal import RollcallCore
internal import RollcallLedger

extension StateReader {
  /// The steps that delete the duplicate made by a late add; nil if the entries are not such duplicates.
  func separate(
    _ key: RosterKey, _ entries: [Entry], wanted: DistinguishedName?, _ session: LDAPSession
  ) async throws(EngineError) -> [Step]? {
    // Only an add whose answer was lost can make a duplicate.
    let made = state.meetings.namesInMaking(of: key)
    if made.isEmpty { return nil }
    let id = try await state.meetings.known([key])[key]
    let known = entries.first { facts.id(of: $0) == id }?.dn
    do throws(LDAPError) {
      let identity = try await session.whoAmI()
      guard identity.hasPrefix("dn:") else { return nil }
      var whole: [Entry] = []
      for entry in entries {
        whole += try await session.search(
          base: entry.dn, scope: .base, filter: .present("objectClass"), attributes: DuplicateEntries.attributes)
      }
      guard whole.count == entries.count, !entries.contains(where: { planner.isProtected($0.dn) }) else { return nil }
      let account = DistinguishedName(unchecked: String(identity.dropFirst(3)))
      let duplicates = DuplicateEntries(account: account, ours: planner.writtenAttributes, schema: facts.schema)
      return duplicates.spare(of: whole, known: known, made: made, wanted: wanted)?.map { entry in
        Step(key: key, operation: .delete(entry.dn), what: .removeDuplicate, frees: [entry.dn.normalized(facts.schema)])
      }
    } catch {
      // The entry is gone, or may not be read: the next look decides.
      if ErrorClassifier.classify(code: error.code, during: .search) == .connectionLost { throw .directory(error) }
      return nil
    }
  }
}
