internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

extension StateReader {
  /// Entries below the base that the ledger has as these people's, and that have no link.
  ///
  /// An entry that is taken over is recorded, moved to its place and linked. If a crash comes before the link, and the
  /// row changes before the next start, nothing else tells whose entry it is.
  /// - Returns: nil if the server shows too few of them.
  func recorded(
    _ keys: [RosterKey], _ adoption: AdoptionSearch, _ session: LDAPSession
  ) async throws(EngineError) -> [RosterKey: Entry]? {
    let known = try await state.meetings.known(keys).filter { !$0.value.isEmpty }
    let terms = known.values.sorted().map { id in
      Filter.equal(facts.dialect.identityAttribute, facts.identityValue(id))
    }
    // Where the ids have no index, each search reads all entries.
    let requests = stride(from: 0, to: terms.count, by: 256).map { start in
      let filter = Filter.and([adoption.unlinked, .or(Array(terms[start..<min(start + 256, terms.count)]))])
      return SearchRequest(base: rules.base, scope: .subtree, filter: filter, attributes: finder.attributes)
    }
    let answers = try await SideBySide.limited(
      requests, session, absent: EntryFinder.none, excess: [.sizeLimitExceeded, .adminLimitExceeded], atOnce: 1)
    var found: [String: Entry] = [:]
    for entries in answers {
      guard let entries else { return nil }
      for entry in entries { found[facts.id(of: entry)] = entry }
    }
    return known.compactMapValues { found[$0] }
  }
}
