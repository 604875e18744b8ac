import LDAPModel

extension Planner {
  /// Ensures that each key has one entry, and parks those keys of which that is not true.
  ///
  /// Returns the subjects, and the occupants that belong to none of them. A subject without an entry gets the one
  /// that was found at its wanted name and carries its link.
  func identify(
    _ subjects: [Subject], _ occupants: [Occupant], _ plan: inout Plan
  ) -> (subjects: [Subject], strangers: [Occupant]) {
    var subjects = subjects
    var places: [AttributeValue: Int] = [:]
    places.reserveCapacity(subjects.count)
    for index in subjects.indices {
      let key = subjects[index].key
      guard let other = places.updateValue(index, forKey: link.normalized(AttributeValue(key))) else { continue }
      // A key without a row or an entry, which a forged notification may have named, blocks nobody.
      if subjects[index].isSomebody, subjects[other].isSomebody {
        let first = subjects[other].key
        plan.parked[key] = Self.sameKeys(key, first, rules.link)
        plan.parked[first] = Self.sameKeys(first, key, rules.link)
      } else if subjects[other].isSomebody {
        places[link.normalized(AttributeValue(key))] = other
      }
    }
    var strangers: [Occupant] = []
    for occupant in occupants {
      guard let key = occupant.key, let index = places[link.normalized(AttributeValue(key))],
        isManaged(occupant.dn)
      else {
        strangers.append(occupant)
        continue
      }
      guard let current = subjects[index].current else {
        subjects[index].current = occupant.entry
        continue
      }
      if !isSameName(current.dn, occupant.dn) {
        plan.parked[subjects[index].key] = Self.twoEntries(subjects[index].key, current.dn, occupant.dn)
        strangers.append(occupant)
      }
    }
    for subject in subjects {
      guard let current = subject.current, plan.parked[subject.key] == nil else { continue }
      plan.parked[subject.key] = mismatch(subject, current)
    }
    return (subjects, strangers)
  }

  /// Whether an entry of this name can be managed: Rollcall manages nothing outside the base.
  func isManaged(_ dn: DistinguishedName) -> Bool { dn.isBelow(rules.base, schema) }

  /// An entry belongs to its key only if it carries exactly that link: the matching rule finds `AB` for the key `ab`.
  private func mismatch(_ subject: Subject, _ entry: Entry) -> Problem? {
    let key = subject.key
    let links = link.values(in: entry)
    if links.count == 1, links[0].bytes.elementsEqual(key.text.utf8) { return nil }
    // The caller has adopted it: it has no link yet. An entry without a link is never removed.
    if links.isEmpty, rules.adopt || rules.adoption != nil, subject.desired.wanted != nil { return nil }
    let found = links.map { $0.text ?? "(octets)" }.joined(separator: ", ")
    return Problem(
      .duplicateLink,
      "person \(key): \(entry.dn) was found by its link, but \(rules.link) there is \(found.isEmpty ? "empty" : found)"
        + ": one entry carries one key in its own spelling; correct the value by hand",
      blocks: entry.dn.normalized(schema))
  }

  /// Two entries carry the key's link.
  static func twoEntries(_ key: RosterKey, _ one: DistinguishedName, _ other: DistinguishedName) -> Problem {
    Problem(
      .duplicateLink, "person \(key) has two entries, \(one) and \(other): remove one, or its link",
      blocks: key.text)
  }

  private static func sameKeys(_ key: RosterKey, _ other: RosterKey, _ link: String) -> Problem {
    Problem(
      .duplicateLink,
      "person \(key) and person \(other) have keys that \(link) takes for the same: choose another link attribute",
      blocks: other.text)
  }
}

extension Subject {
  /// Whether the key has a row or an entry.
  fileprivate var isSomebody: Bool { desired.hasRow || current != nil }
}
