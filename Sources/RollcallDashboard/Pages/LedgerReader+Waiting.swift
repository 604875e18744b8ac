internal import Postgres
internal import Reactor
internal import RollcallAdministration
internal import RollcallCore
internal import RollcallLedger
internal import RollcallPages

extension LedgerReader {
  /// How many of each list a page shows; more are worked on with the command.
  static let most = 2_000
  /// Of a set that is too large for a page, so many are shown.
  private static let examples = 100

  /// So many daemons are asked for one page.
  private static let mostAsked = 4

  func waiting(_ frame: Frame) async throws(EngineError) -> WaitingPage {
    let names = frame.directory.map { [$0] } ?? frame.directories.map(\.name)
    var page = WaitingPage(frame)
    page.held = try await held(names, frame)
    for (place, held) in page.held.prefix(Self.mostAsked).enumerated() {
      // Where all are deletions, the ledger knows enough.
      if let set = held.set, held.ldif == nil, isLed(held.directory, frame) {
        page.held[place].ldif = try await changes.ldif(sessions.next, held.directory, set)
      }
    }
    page.parked = try await parked(names)
    page.pins = try await pins(names)
    page.due = try await due(names)
    if page.held.isEmpty { page.lastHeld = try await last("hold", names) }
    if page.parked.isEmpty { page.lastParked = try await last("park", names) }
    return page
  }

  private func isLed(_ directory: String, _ frame: Frame) -> Bool {
    frame.directories.contains { $0.name == directory && $0.leader != nil }
  }

  /// What is held, by directory.
  private func held(_ names: [String], _ frame: Frame) async throws(EngineError) -> [WaitingPage.Held] {
    let database = sessions.next
    let sets = try await HeldSet.all(database, of: names, most: Self.most)
    if sets.isEmpty { return [] }
    let managed = try await managed(sets.keys.sorted())
    var all: [WaitingPage.Held] = []
    for (name, set) in sets.sorted(by: { $0.key < $1.key }) {
      let removals: [HeldSet.Removal]
      if let set {
        removals = set.removals
      } else {
        removals = try await HeldSet.some(database, of: name, most: Self.examples)
      }
      var held = WaitingPage.Held(
        directory: name, set: set?.id, items: removals.map(WaitingPage.Held.Item.init), managed: managed[name],
        ldif: set?.deletions)
      if set == nil { held.total = max(Self.most + 1, frame.directories.first { $0.name == name }?.held ?? 0) }
      all.append(held)
    }
    return all
  }

  /// How many entries are managed, as the daemons have counted them.
  private func managed(_ names: [String]) async throws(EngineError) -> [String: Int] {
    let rows = try await sessions.next.query(
      "SELECT directory, counts ->> 'managed' FROM rollcall.counters WHERE directory = ANY ($1::text[])",
      [SQLText.array(names)])
    var managed: [String: Int] = [:]
    for row in 0..<rows.rowCount { managed[rows.text(row, 0) ?? ""] = rows.int(row, 1) }
    return managed
  }

  /// - Parameter key: nil for all.
  func parked(_ names: [String], key: String? = nil) async throws(EngineError) -> [WaitingPage.Parked] {
    let rows = try await sessions.next.query(
      """
      SELECT key, reason, code, message, attempts, \(SQLText.time("since")), \(SQLText.time("next_at")), directory
      FROM rollcall.parked WHERE directory = ANY ($1::text[]) AND ($2::text IS NULL OR key = $2)
      ORDER BY since, key LIMIT \(Self.most)
      """, [SQLText.array(names), key])
    return (0..<rows.rowCount).map { row in
      WaitingPage.Parked(
        directory: rows.text(row, 7) ?? "", key: rows.text(row, 0) ?? "", reason: rows.text(row, 1) ?? "",
        code: rows.int(row, 2), message: rows.text(row, 3) ?? "", attempts: rows.int(row, 4) ?? 0,
        since: rows.text(row, 5).flatMap { Moment($0) }, nextAt: rows.text(row, 6).flatMap { Moment($0) })
    }
  }

  /// - Parameter key: nil for all.
  func pins(_ names: [String], key: String? = nil) async throws(EngineError) -> [WaitingPage.Pin] {
    let rows = try await sessions.next.query(
      """
      SELECT key, because, actor, \(SQLText.time("since")), \(SQLText.time("until")), seen IS NOT NULL, removal,
        directory
      FROM rollcall.pinned
      WHERE directory = ANY ($1::text[]) AND (until IS NULL OR until > now()) AND ($2::text IS NULL OR key = $2)
      ORDER BY since, key LIMIT \(Self.most)
      """, [SQLText.array(names), key])
    return (0..<rows.rowCount).map { row in
      WaitingPage.Pin(
        directory: rows.text(row, 7) ?? "", key: rows.text(row, 0) ?? "", because: rows.text(row, 1) ?? "",
        actor: rows.text(row, 2) ?? "", since: rows.text(row, 3).flatMap { Moment($0) },
        until: rows.text(row, 4).flatMap { Moment($0) }, endsWithChange: rows.bool(row, 5), removal: rows.text(row, 6))
    }
  }

  /// Deletions that come by themselves, the next one first.
  private func due(_ names: [String]) async throws(EngineError) -> [WaitingPage.Due] {
    let rows = try await sessions.next.query(
      """
      SELECT directory, key, dn, \(SQLText.time("at")) FROM rollcall.coming
      WHERE directory = ANY ($1::text[]) ORDER BY at, key LIMIT \(Self.most)
      """, [SQLText.array(names)])
    return (0..<rows.rowCount).compactMap { row in
      rows.text(row, 3).flatMap { Moment($0) }.map { at in
        WaitingPage.Due(directory: rows.text(row, 0) ?? "", key: rows.text(row, 1) ?? "", dn: rows.text(row, 2), at: at)
      }
    }
  }

  /// When something was decided last, as far as the journal goes back.
  private func last(_ action: String, _ names: [String]) async throws(EngineError) -> Moment? {
    // A long journal without one is not read to its end.
    let rows = try await sessions.next.query(
      """
      SELECT \(SQLText.time("max(at)")) FROM unnest($1::text[]) AS n (name) CROSS JOIN LATERAL (
        SELECT at, action FROM rollcall.journal AS j WHERE j.directory = n.name
        ORDER BY id DESC LIMIT \(20_000 / max(1, names.count))) AS j
      WHERE j.action = $2
      """, [SQLText.array(names), action])
    return rows.text(0, 0).flatMap { Moment($0) }
  }
}

extension WaitingPage.Held.Item {
  init(_ removal: HeldSet.Removal) {
    self.init(
      key: removal.key.text, action: removal.action, dn: removal.dn, since: Moment(removal.since),
      reason: removal.reason)
  }
}
