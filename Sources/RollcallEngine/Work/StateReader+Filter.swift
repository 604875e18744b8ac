internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// `users.filter` limits the managed entries: entries that do not match it are not changed, even if they have a link.
extension StateReader {
  /// Parks keys whose only entry is excluded by the filter.
  func exclude(_ survey: inout Survey, _ session: LDAPSession) async throws(EngineError) {
    guard finder.filter != nil else { return }
    let missing = survey.subjects.filter { $0.current == nil }.map(\.key)
    if missing.isEmpty { return }
    var places: [RosterKey: DistinguishedName] = [:]
    for entry in try await finder.unfiltered.linked(to: missing, session).entries() {
      for key in entry[rules.link].compactMap(\.text) { places[RosterKey(key)] = entry.dn }
    }
    let found = missing.filter { places[$0] != nil }
    if found.isEmpty { return }
    // It may have been created or changed between the two searches.
    let inside = try await finder.linked(to: found, session).entries()
    for key in inside.flatMap({ $0[rules.link] }).compactMap(\.text) { places[RosterKey(key)] = nil }
    for key in found {
      guard let dn = places[key] else { continue }
      survey.problems[key] = Problem.excluded(key, dn)
    }
    survey.subjects.removeAll { survey.problems[$0.key] != nil }
  }

  /// Those of these entries that the filter excludes.
  func leftOut(_ entries: [Entry], _ session: LDAPSession) async throws(EngineError) -> Set<DistinguishedName> {
    guard let filter = finder.filter, !entries.isEmpty else { return [] }
    let looks = entries.map { SearchRequest(base: $0.dn, scope: .base, filter: filter, attributes: ["1.1"]) }
    let found = try await SideBySide.run(looks, session, absent: [.noSuchObject], atOnce: 32)
    return Set(zip(entries, found).filter { $0.1.isEmpty }.map(\.0.dn))
  }
}
