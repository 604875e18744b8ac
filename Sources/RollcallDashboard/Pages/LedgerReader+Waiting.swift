internal import Postgres
internal import Reactor
internal import RollcallAdministration
internal import RollcallCore
internal import RollcallLedger
internal import RollcallPages

extension LedgerReader {
  /// How many of each list a page shows; more are worked on with the command.
  private static let most = 2_000

  /// So many daemons are asked for one page.
  private static let mostAsked = 4

  func waiting(_ frame: Frame) async throws(EngineError) -> WaitingPage {
    let names = frame.directory.map { [$0] } ?? frame.directories.map(\.name)
    var page = WaitingPage(frame)
    for name in names {
      if var held = try await held(name) {
        // Where all are deletions, the ledger knows enough.
        if held.ldif == nil, page.held.count < Self.mostAsked, isLed(name, frame) {
          held.ldif = try await changes.ldif(sessions.next, name, held.set)
        }
        page.held.append(held)
      }
      page.parked += try await parked(name)
      page.pins += try await pins(name)
      page.due += try await due(name)
    }
    page.due.sort { $0.at.seconds < $1.at.seconds }
    page.parked.sort { ($0.since?.seconds ?? 0) < ($1.since?.seconds ?? 0) }
    if page.held.isEmpty { page.lastHeld = try await last("hold", names) }
    if page.parked.isEmpty { page.lastParked = try await last("park", names) }
    return page
  }

  private func isLed(_ directory: String, _ frame: Frame) -> Bool {
    frame.directories.contains { $0.name == directory && $0.leader != nil }
  }

  /// What is held in a directory; nil where nothing is.
  func held(_ directory: String) async throws(EngineError) -> WaitingPage.Held? {
    let ledger = sessions.ledger(directory)
    let held = try await ledger.heldSet()
    guard let set = held.id else { return nil }
    return WaitingPage.Held(
      directory: directory, set: set, items: held.removals.map(WaitingPage.Held.Item.init),
      managed: try await managed(directory), ldif: held.deletions)
  }

  /// How many entries are managed, as the daemon has counted them.
  private func managed(_ directory: String) async throws(EngineError) -> Int? {
    let rows = try await sessions.next.query(
      "SELECT counts ->> 'managed' FROM rollcall.counters WHERE directory = $1", [directory])
    return rows.isEmpty ? nil : rows.int(0, 0)
  }

  /// - Parameter key: nil for all.
  func parked(_ directory: String, key: String? = nil) async throws(EngineError) -> [WaitingPage.Parked] {
    let rows = try await sessions.next.query(
      """
      SELECT key, reason, code, message, attempts, \(SQLText.time("since")), \(SQLText.time("next_at"))
      FROM rollcall.parked WHERE directory = $1 AND ($2::text IS NULL OR key = $2) ORDER BY since, key LIMIT \(Self.most)
      """, [directory, key])
    return (0..<rows.rowCount).map { row in
      WaitingPage.Parked(
        directory: directory, key: rows.text(row, 0) ?? "", reason: rows.text(row, 1) ?? "", code: rows.int(row, 2),
        message: rows.text(row, 3) ?? "", attempts: rows.int(row, 4) ?? 0,
        since: rows.text(row, 5).flatMap { Moment($0) }, nextAt: rows.text(row, 6).flatMap { Moment($0) })
    }
  }

  /// - Parameter key: nil for all.
  func pins(_ directory: String, key: String? = nil) async throws(EngineError) -> [WaitingPage.Pin] {
    let rows = try await sessions.next.query(
      """
      SELECT key, because, actor, \(SQLText.time("since")), \(SQLText.time("until")), seen IS NOT NULL, removal
      FROM rollcall.pinned
      WHERE directory = $1 AND (until IS NULL OR until > now()) AND ($2::text IS NULL OR key = $2)
      ORDER BY since, key LIMIT \(Self.most)
      """, [directory, key])
    return (0..<rows.rowCount).map { row in
      WaitingPage.Pin(
        directory: directory, key: rows.text(row, 0) ?? "", because: rows.text(row, 1) ?? "",
        actor: rows.text(row, 2) ?? "", since: rows.text(row, 3).flatMap { Moment($0) },
        until: rows.text(row, 4).flatMap { Moment($0) }, endsWithChange: rows.bool(row, 5), removal: rows.text(row, 6))
    }
  }

  /// Deletions that come by themselves.
  private func due(_ directory: String) async throws(EngineError) -> [WaitingPage.Due] {
    try await sessions.ledger(directory).coming(most: Self.most).compactMap { change in
      Moment(change.at).map { WaitingPage.Due(directory: directory, key: change.key, dn: change.dn, at: $0) }
    }
  }

  /// When something was decided last, as far as the journal goes back.
  private func last(_ action: String, _ names: [String]) async throws(EngineError) -> Moment? {
    // A long journal without one is not read to its end.
    let rows = try await sessions.next.query(
      """
      SELECT \(SQLText.time("max(at)")) FROM unnest($1::text[]) AS n (name) CROSS JOIN LATERAL (
        SELECT at, action FROM rollcall.journal AS j WHERE j.directory = n.name ORDER BY id DESC LIMIT 20000) AS j
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
