internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// Attributes that have the DNs of other people: these are found by their links.
extension StateReader {
  /// Others who are searched for at a time.
  private static let atOnce = 2048

  /// Gives the wanted entries the DNs of the people whom their rows name. Who has no entry is left out.
  ///
  /// - Parameter book: records whom they name; nil where nothing is recorded.
  func refer(_ survey: inout Survey, _ session: LDAPSession, _ book: ReferenceBook?) async throws(EngineError) {
    guard !rules.references.isEmpty else { return }
    var people: [RosterKey: Set<RosterKey>?] = [:]
    for subject in survey.subjects { people.updateValue(subject.desired.targets, forKey: subject.key) }
    var looks = people.mapValues { _ in ReferenceLook() }
    if let book { looks = try await book.begin(people) }
    let targets = people.values.reduce(into: Set<RosterKey>()) { $0.formUnion($1 ?? []) }
    let names = try await names(of: targets, survey.subjects, session)
    for index in survey.subjects.indices {
      let key = survey.subjects[index].key
      survey.subjects[index].desired = survey.subjects[index].desired.resolved(names)
      guard let targets = people[key] ?? nil else { continue }
      var found: [RosterKey: String?] = [:]
      for target in targets {
        found.updateValue(names[target].map { ReferenceBook.digest($0, facts.schema) }, forKey: target)
      }
      looks[key]?.found = found
    }
    survey.references = looks
  }

  /// The DNs of people by their keys, without those who have no entry, or several.
  func names(
    of targets: Set<RosterKey>, _ subjects: [Subject], _ session: LDAPSession
  ) async throws(EngineError) -> [RosterKey: DistinguishedName] {
    if targets.isEmpty { return [:] }
    var names: [RosterKey: DistinguishedName] = [:]
    var rest = targets
    for subject in subjects where rest.remove(subject.key) != nil { names[subject.key] = subject.current?.dn }
    let others = rest.filter(isKey)
    let finder = finder.asking(for: [rules.link])
    var entries: [Entry] = []
    var start = others.startIndex
    while start < others.endIndex {
      let end = others.index(start, offsetBy: StateReader.atOnce, limitedBy: others.endIndex) ?? others.endIndex
      entries += try await finder.linked(to: Array(others[start..<end]), session).entries()
      start = end
    }
    var several: Set<RosterKey> = []
    for entry in entries {
      for key in entry[rules.link].compactMap({ $0.text.map { RosterKey($0) } }) where others.contains(key) {
        if names.updateValue(entry.dn, forKey: key) != nil { several.insert(key) }
      }
    }
    for key in several { names[key] = nil }
    return names
  }
}
