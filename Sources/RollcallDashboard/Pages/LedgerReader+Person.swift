internal import LDAPModel
internal import Postgres
internal import Reactor
internal import RollcallAdministration
internal import RollcallCore
internal import RollcallLedger
internal import RollcallPages

extension LedgerReader {
  private static let timeline = 50
  /// All that can be held, as a list in SQL: the primary key of `rollcall.held` has the action before the subject.
  private static let heldActions = (Removal.Action.allCases.map(\.rawValue) + ["takeover"]).map { "'\($0)'" }
    .joined(separator: ", ")

  func person(_ frame: Frame, _ directory: String, key: String) async throws(EngineError) -> PersonPage {
    let answer = try await explained(frame, directory, key)
    var filter = HistoryFilter()
    filter.key = key
    let (rows, hasMore) = try await journal([directory], filter, limit: Self.timeline)
    var page = PersonPage(
      frame, directory: directory, key: key, answer: .unanswered(""), pin: try await pins([directory], key: key).first,
      parked: try await parked([directory], key: key).first, held: try await held(directory, key: key), timeline: rows,
      hasMore: hasMore)
    switch answer {
    case .answer(let person): page.take(person)
    case .cannot(let reason): page.answer = .unanswered("The daemon cannot answer: \(reason).")
    case .nobody:
      page.answer = .unanswered(
        "No daemon has answered within three seconds. The page shows what the database knows.")
    case .notAsked(let reason): page.answer = .unanswered("The daemon was not asked: \(reason).")
    }
    // The last entry that was written to, where nobody says which it is.
    page.dn = page.dn ?? page.held.first?.dn ?? rows.lazy.compactMap { $0.newDN ?? $0.dn }.first
    return page
  }

  /// People whom the journal or the ledger knows by a key, or by the name of an entry as it is written there.
  ///
  /// Where a daemon leads, any key is taken for a person's: the daemon says more of it than the ledger.
  func find(_ text: String, in names: [String]) async throws(EngineError) -> [LookupPage.Match] {
    let rows = try await sessions.next.query(
      """
      SELECT n.name, f.key, f.dn FROM unnest($1::text[]) AS n (name) CROSS JOIN LATERAL (
        SELECT key, dn FROM (
          (SELECT key, coalesce(new_dn, dn) AS dn FROM rollcall.journal WHERE directory = n.name AND key = $2
            ORDER BY id DESC LIMIT 1)
          UNION ALL (SELECT key, NULL FROM rollcall.parked WHERE directory = n.name AND key = $2)
          UNION ALL (SELECT key, NULL FROM rollcall.pinned WHERE directory = n.name AND key = $2)
          UNION ALL (SELECT subject, dn FROM rollcall.held
            WHERE directory = n.name AND action IN (\(Self.heldActions)) AND subject = $2 LIMIT 1)
          UNION ALL (SELECT subject, dn FROM rollcall.held
            WHERE directory = n.name AND $2 LIKE '%=%' AND dn = $2 LIMIT 1)
        ) AS found LIMIT 1) AS f
      ORDER BY n.name
      """, [SQLText.array(names), text])
    var matches = (0..<rows.rowCount).map { row in
      LookupPage.Match(directory: rows.text(row, 0) ?? "", key: rows.text(row, 1) ?? "", dn: rows.text(row, 2))
    }
    let others = names.filter { name in !matches.contains { $0.directory == name } }
    if !others.isEmpty, let dn = try? DistinguishedName(parsing: text), !dn.isEmpty {
      var filter = HistoryFilter()
      filter.dn = dn
      filter.after = try await extent(others).newest - Self.searchedForName
      for row in try await journal(others, filter, limit: Self.timeline).rows {
        guard let key = row.key, !matches.contains(where: { $0.directory == row.directory }) else { continue }
        matches.append(LookupPage.Match(directory: row.directory, key: key, dn: row.newDN ?? row.dn))
      }
    }
    if matches.isEmpty, !text.contains("="), text.utf8.count <= RosterKey.longest, names.count == 1 {
      matches.append(LookupPage.Match(directory: names[0], key: text, dn: nil))
    }
    return matches
  }

  private func explained(
    _ frame: Frame, _ directory: String, _ key: String
  ) async throws(EngineError) -> PageQuestions.Heard<PersonAnswer> {
    guard frame.directories.first(where: { $0.name == directory })?.leader != nil else { return .nobody }
    return try await PageQuestions(sessions.next, directory: directory).person(key)
  }

  private func held(_ directory: String, key: String) async throws(EngineError) -> [WaitingPage.Held.Item] {
    let rows = try await sessions.next.query(
      """
      SELECT action, dn, \(SQLText.time("since")), reason FROM rollcall.held
      WHERE directory = $1 AND action IN (\(Self.heldActions)) AND subject = $2 AND NOT approved
      ORDER BY action COLLATE "C"
      """, [directory, key])
    return (0..<rows.rowCount).map { row in
      WaitingPage.Held.Item(
        key: key, action: rows.text(row, 0) ?? "", dn: rows.text(row, 1) ?? "",
        since: rows.text(row, 2).flatMap { Moment($0) }, reason: rows.text(row, 3))
    }
  }
}

extension PersonPage {
  /// Shows what the daemon has answered.
  fileprivate mutating func take(_ person: PersonAnswer) {
    let explanation = person.explanation
    answer = .explained(
      Explained(
        Explained.Verdict(rawValue: explanation.verdict.rawValue) ?? .unknown, summary: explanation.summary,
        steps: explanation.steps.map { step in
          Explained.Step(
            step.name.rawValue, Explained.Outcome(rawValue: step.outcome.rawValue) ?? .error, step.text,
            ldif: step.text("ldif"))
        }, next: explanation.next))
    dn = person.dn
    sides = person.sides.map { Side($0.attribute, row: $0.wanted, entry: $0.current) }
    columns = explanation.steps.first { $0.name == .scope }?.table("columns") ?? []
    let names = ["displayname", "cn"]
    name =
      names.lazy.compactMap { name in
        person.sides.first { $0.attribute.lowercased() == name && !$0.isHidden }
      }.compactMap { $0.current.first ?? $0.wanted.first }.first
  }
}

extension Explanation.Step {
  fileprivate func text(_ name: String) -> String? {
    for evidence in evidence where evidence.name == name {
      if case .text(let text) = evidence.value { return text }
    }
    return nil
  }

  fileprivate func table(_ name: String) -> [PersonPage.Column]? {
    for evidence in evidence where evidence.name == name {
      if case .table(let rows) = evidence.value { return rows.map { PersonPage.Column($0.name, $0.values?.first) } }
    }
    return nil
  }
}
