internal import LDAP
internal import LDAPModel
internal import Postgres
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// `users.adopt: { by: uid, below: DN }`: who has no entry takes over the unlinked one with the same value, if it
/// matches nobody else.
extension StateReader {
  /// More rows than this that look alike are not compared.
  private static let mostAlike = 1000

  /// A person, and the only entry that was found for it.
  private struct Match {
    var index: Int
    var entry: Entry
  }

  /// Gives subjects without an entry their unlinked one; parks those for whom that is not certain.
  func adopt(_ survey: inout Survey, _ roster: Roster, _ session: LDAPSession) async throws(EngineError) {
    guard let adoption else { return }
    let open = survey.subjects.indices.filter { index in
      let subject = survey.subjects[index]
      return subject.current == nil && subject.desired.wanted.map { !adoption.values(of: $0.entry).isEmpty } == true
    }
    if open.isEmpty { return }
    var problems: [RosterKey: Problem] = [:]
    var matches: [Match] = []
    var own: [Match] = []
    let recorded = try await recorded(open.map { survey.subjects[$0].key }, adoption, session)
    let ids = Set((recorded ?? [:]).values.map { facts.id(of: $0) })
    let wanted = open.compactMap { survey.subjects[$0].desired.wanted?.entry }
    for (index, entries) in zip(open, try await unlinked(wanted, adoption, session)) {
      let key = survey.subjects[index].key
      if let entry = recorded?[key] {
        own.append(Match(index: index, entry: entry))
        continue
      }
      guard recorded != nil, let entries = entries?.filter({ !ids.contains(facts.id(of: $0)) }) else {
        problems[key] = adoption.undecided(
          key, nil,
          because: "\(adoption.below) does not exist, too many entries have its \(adoption.attribute), "
            + "or the server does not show \(survey.subjects[index].desired.wanted?.entry.dn.text ?? "its name")")
        continue
      }
      if entries.count > 1 { problems[key] = adoption.ambiguous(key, entries.map(\.dn)) }
      if let entry = entries.first, entries.count == 1 { matches.append(Match(index: index, entry: entry)) }
    }
    try await compare(matches, adoption, roster, survey, &problems)
    let certain = matches.filter { problems[survey.subjects[$0.index].key] == nil }
    try await take(own + certain, into: &survey, session)
    survey.problems.merge(problems) { first, _ in first }
    survey.subjects.removeAll { problems[$0.key] != nil }
  }

  /// The unlinked entries for each wanted one; nil: more than the server gives, or it does not show the place.
  ///
  /// The wanted place is looked at too: a move may have been the last thing that was done before a crash.
  private func unlinked(
    _ wanted: [Entry], _ adoption: AdoptionSearch, _ session: LDAPSession
  ) async throws(EngineError) -> [[Entry]?] {
    let filters = wanted.map { adoption.filter(adoption.values(of: $0)) ?? .or([]) }
    let attributes = finder.attributes
    // Where the place itself is missing, or hidden, nobody's absence follows from it.
    let below = try await SideBySide.limited(
      filters.map { SearchRequest(base: adoption.below, scope: .subtree, filter: $0, attributes: attributes) }, session,
      absent: [.encodingError], excess: [.sizeLimitExceeded, .adminLimitExceeded, .noSuchObject], atOnce: 32)
    let there = try await SideBySide.limited(
      zip(wanted, filters).map { SearchRequest(base: $0.dn, scope: .base, filter: $1, attributes: attributes) },
      session, absent: EntryFinder.none, excess: ErrorClassifier.objectCodes.subtracting(EntryFinder.none), atOnce: 32)
    return wanted.indices.map { index in
      guard let below = below[index], let there = there[index] else { return nil }
      var seen: Set<String> = []
      return (below + there).filter { entry in
        adoption.share(entry, wanted[index]) && seen.insert(entry.dn.normalized(facts.schema)).inserted
      }
    }
  }

  /// Whether other rows want the same entries.
  private func compare(
    _ matches: [Match], _ adoption: AdoptionSearch, _ roster: Roster, _ survey: Survey,
    _ problems: inout [RosterKey: Problem]
  ) async throws(EngineError) {
    if matches.isEmpty { return }
    let texts = Set(matches.flatMap { adoption.values(of: $0.entry) }.compactMap(\.text))
    let isWanted = { (wanted: Entry) in matches.contains { adoption.share(wanted, $0.entry) } }
    var others: [(key: RosterKey, wanted: Entry)] = survey.subjects.compactMap { subject in
      subject.desired.wanted.map { (subject.key, $0.entry) }
    }
    // Whoever could not be read there is read again.
    let seen = Set(others.map(\.key)).union(matches.map { survey.subjects[$0.index].key })
    var unread: [RosterKey] = []
    switch try await roster.keys(like: texts, for: adoption.attribute, most: Self.mostAlike) {
    case .failure(let why):
      for match in matches {
        let key = survey.subjects[match.index].key
        problems[key] = adoption.undecided(key, match.entry.dn, because: why.message)
      }
      return
    case .success(let found):
      let further = found.keys.filter { !seen.contains($0) }
      for start in stride(from: 0, to: further.count, by: 256) {
        let some = Array(further[start..<min(start + 256, further.count)])
        let answers = try await roster.fetchAll(some)
        for key in some {
          switch rival(answers[key], areAlike: found.areAlike) {
          case .wants(let wanted): if isWanted(wanted) { others.append((key, wanted)) }
          case .unread: unread.append(key)
          case .none: continue
          }
        }
      }
    }
    for match in matches {
      let key = survey.subjects[match.index].key
      let rivals = others.filter { $0.key != key && adoption.share($0.wanted, match.entry) }.map(\.key)
      if !rivals.isEmpty {
        problems[key] = adoption.ambiguous(key, match.entry.dn, others: rivals)
      } else if let other = unread.first {
        problems[key] = adoption.undecided(
          key, match.entry.dn,
          because: "person \(other) may have its \(adoption.attribute) too, but that row cannot be read or mapped")
      }
    }
  }

  private enum Rival {
    case wants(Entry)
    case unread
    case none
  }

  /// - Parameters:
  ///   - answer: nil where the row has gone, or has another key, since it was found.
  ///   - areAlike: whether the row was found by its value.
  private func rival(_ answer: RosterAnswer?, areAlike: Bool) -> Rival {
    switch answer {
    case .row(let row):
      let desired = projection.desired(for: row)
      if let wanted = desired.wanted { return .wants(wanted.entry) }
      return switch desired {
      case .rejected, .lockedOut: areAlike ? .unread : .none
      default: .none
      }
    // Where every row was read since one fails, that one must not keep others from their entries.
    case .problem(let problem, _): return areAlike || problem.mayPass ? .unread : .none
    case .impossible: return .none
    case nil: return .unread
    }
  }

  /// The configuration asks for it, so no further approval is needed.
  private func take(_ matches: [Match], into survey: inout Survey, _ session: LDAPSession) async throws(EngineError) {
    let untouchable = try await untouchable(matches.map(\.entry), session)
    for match in matches {
      let key = survey.subjects[match.index].key
      survey.subjects[match.index].current = match.entry
      survey.subjects[match.index].acquaintance = [.change, .removal]
      survey.subjects[match.index].isProtected = untouchable.contains(match.entry.dn.text)
      survey.unmet[key] = facts.id(of: match.entry)
    }
  }
}

/// Why rows could not be searched.
struct UnsearchableRoster: Error {
  var message: String
}

/// Rows among which those that look alike are.
struct FoundRows {
  var keys: [RosterKey]
  /// Whether they were found by their value; otherwise they are all that there are.
  var areAlike: Bool
}

extension Roster {
  /// So many rows are read one after the other, where they cannot be searched.
  private static let mostRead = 20_000

  private func everyKey() async throws(EngineError) -> Result<FoundRows, UnsearchableRoster> {
    let sql = query.keys(inScopeOnly: false) + " LIMIT \(Roster.mostRead + 1)"
    let result = try await database.read(sql, limit: .seconds(60), timeout: .seconds(70))
    if result.rowCount > Roster.mostRead {
      return .failure(UnsearchableRoster(message: "the mapping fails for a row, and there are too many to read each"))
    }
    return .success(FoundRows(keys: (0..<result.rowCount).compactMap { result.key($0, 0) }, areAlike: false))
  }

  /// The keys of rows whose attribute resembles one of these texts, and perhaps some more.
  func keys(
    like texts: Set<String>, for attribute: String, most: Int
  ) async throws(EngineError) -> Result<FoundRows, UnsearchableRoster> {
    let path = "users.attributes.\(attribute)"
    guard let expression = query.expressions.first(where: { $0.path == path }), !texts.isEmpty else {
      return .success(FoundRows(keys: [], areAlike: true))
    }
    let forms = Set(texts.flatMap(RosterQuery.likeness)).sorted().map { RosterKey($0) }
    do throws(ReadingError) {
      let result = try await ask(query.keysLike(expression, most: most), forms, limit: .seconds(60))
      if result.rowCount > most {
        return .failure(UnsearchableRoster(message: "more than \(most) rows have a similar \(attribute)"))
      }
      return .success(FoundRows(keys: (0..<result.rowCount).compactMap { result.key($0, 0) }, areAlike: true))
    } catch {
      switch error {
      case .other(let error): throw error
      case .slow:
        return .failure(UnsearchableRoster(message: "looking for other rows with its \(attribute) takes too long"))
      // A row whose value cannot be computed must not keep others from their entries.
      case .ofRows: return try await everyKey()
      }
    }
  }
}
