public import LDAPModel

/// Entries whose rows are gone: they are disabled, in the place of leavers, and deleted after a while.
extension Planner {
  /// Where the entry of a leaver belongs; nil if it is there, or if leavers stay in their place.
  func place(ofLeaver subject: Subject) -> DistinguishedName? {
    guard let leavers = rules.leavers, let entry = subject.current, isManaged(entry.dn),
      let name = subject.formerName?.first ?? entry.dn.first
    else { return nil }
    let place = leavers.child(name)
    return hasSameParent(entry.dn, place) ? nil : place
  }

  /// Disables a leaver's entry, and moves it to its place.
  func goal(ofLeaver subject: Subject) throws(Problem) -> Intent.Goal {
    guard let entry = subject.current else { return .rest }
    try checkReadable(entry, nil, .lock)
    // An exchange of names that was cut short has left a temporary one.
    let deleteOld = subject.formerName != nil
    guard let place = place(ofLeaver: subject), let name = place.first,
      let moved = Operation.rename(entry.dn, to: name, deleteOld: deleteOld, newParent: place.parent)
        .applied(to: entry, schema)
    else {
      return locking(entry).isEmpty ? .rest : .change(Intent.Change(entry: entry, wanted: nil, lock: .lock))
    }
    return .change(
      Intent.Change(
        entry: entry, wanted: Wanted(entry: moved), lock: .lock,
        modifications: locking(entry), renames: true, relocates: true))
  }

  /// A digest of what Rollcall sees of an entry, attribute by attribute: two are compared in the attributes that both
  /// have, because the mapping may have been changed meanwhile.
  public func digest(of entry: Entry) -> String {
    let names = Set(requestedAttributes.map(schema.canonicalName)).subtracting(volatile)
    let parts = names.sorted().map { name in
      var hash = StableHash()
      for value in entry[name].map(\.bytes).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
        hash.combine(value)
        hash.combine(CollectionOfOne(0))
      }
      return "\(name)=\(hash.text)"
    }
    return parts.joined(separator: " ")
  }

  /// Attributes that servers write by themselves. References are among them: a server may follow the other's rename.
  private var volatile: Set<String> {
    references.union(["memberOf", "modifyTimestamp"].map(schema.canonicalName))
  }

  /// Whether an entry differs from what was recorded of it.
  ///
  /// - Parameters:
  ///   - dn: its name then.
  ///   - digest: ``digest(of:)`` then.
  public func isChanged(_ entry: Entry, since dn: DistinguishedName, _ digest: String) -> Bool {
    if !isSameName(entry.dn, dn) { return true }
    func parts(_ text: String) -> [Substring: Substring] {
      Dictionary(
        text.split(separator: " ").compactMap { part in
          part.lastIndex(of: "=").map { (part[..<$0], part[$0...]) }
        }
      ) { first, _ in first }
    }
    let then = parts(digest)
    return parts(self.digest(of: entry)).contains { name, hash in then[name].map { $0 != hash } ?? false }
  }
}
