internal import LDAPModel
internal import Postgres
internal import Reactor
internal import RollcallAdministration
internal import RollcallConfiguration
internal import RollcallCore
internal import RollcallLedger
internal import RollcallPages

extension LedgerReader {
  private static let rowsOfPage = 50
  /// A name is in no index, since that would make each write dearer, nor is a frequent action: so many rows are searched
  /// for one page; for a name fewer, because each is looked at more closely.
  private static let searchedAtOnce = 50_000
  static let searchedForName = 20_000
  /// What the index of rare actions leaves out.
  private static let frequent: Set = ["create", "update"]

  func history(_ frame: Frame, _ query: WebForm) async throws(EngineError) -> HistoryPage {
    var shown = HistoryPage.Filter()
    shown.key = query["key"] ?? ""
    shown.dn = query["dn"] ?? ""
    shown.xid = query["xid"] ?? ""
    shown.action = query["action"] ?? ""
    shown.since = query["since"] ?? ""
    var page = HistoryPage(frame, filter: shown, actions: JournalAction.all)
    let names = frame.directory.map { [$0] } ?? frame.directories.map(\.name)
    let extent = try await extent(names)
    page.oldest = extent.oldestAt
    var filter: HistoryFilter
    switch Self.filter(shown) {
    case .success(let found): filter = found
    case .failure(let complaint):
      page.complaint = complaint.text
      return page
    }
    let before = query["before"].flatMap { Int($0) }
    let isSearched = filter.dn != nil || filter.since != nil || !Self.frequent.isDisjoint(with: filter.actions ?? [])
    if isSearched, filter.key == nil, filter.xid == nil {
      let count = filter.dn == nil ? Self.searchedAtOnce : Self.searchedForName
      filter.after = (before ?? extent.newest + 1) - count - 1
    }
    let hasMore: Bool
    do throws(EngineError) {
      (page.rows, hasMore) = try await journal(names, filter, limit: Self.rowsOfPage, before: before)
    } catch {
      guard let complaint = Self.complaint(error) else { throw error }
      page.complaint = complaint
      return page
    }
    page.before = hasMore ? page.rows.last?.id : nil
    if !hasMore, let after = filter.after, after >= extent.oldest {
      (page.before, page.isPart) = (after + 1, true)
    }
    return page
  }

  /// The first and the last row that are kept, of all these directories.
  func extent(_ names: [String]) async throws(EngineError) -> (oldest: Int, oldestAt: Moment?, newest: Int) {
    let rows = try await sessions.next.query(
      """
      SELECT min(o.id), min(o.at), max((SELECT max(id) FROM rollcall.journal AS j WHERE j.directory = n.name))
      FROM unnest($1::text[]) AS n (name) LEFT JOIN LATERAL (
        SELECT id, \(SQLText.time("at")) AS at FROM rollcall.journal AS j WHERE j.directory = n.name ORDER BY id LIMIT 1
      ) AS o ON true
      """, [SQLText.array(names)])
    return (rows.int(0, 0) ?? 0, rows.text(0, 1).flatMap { Moment($0) }, rows.int(0, 2) ?? 0)
  }

  private struct Complaint: Error {
    var text: String
  }

  private static func filter(_ shown: HistoryPage.Filter) -> Result<HistoryFilter, Complaint> {
    var filter = HistoryFilter()
    if !shown.key.isEmpty { filter.key = shown.key }
    if !shown.dn.isEmpty {
      guard let dn = try? DistinguishedName(parsing: shown.dn) else {
        return .failure(Complaint(text: "The DN is malformed."))
      }
      filter.dn = dn
    }
    if !shown.xid.isEmpty {
      guard let xid = UInt64(shown.xid) else { return .failure(Complaint(text: "The transaction must be a number.")) }
      filter.xid = xid
    }
    if !shown.action.isEmpty {
      guard JournalAction.all.contains(shown.action) else {
        return .failure(Complaint(text: "There is no such action in the journal."))
      }
      filter.actions = [shown.action]
    }
    if !shown.since.isEmpty {
      filter.since = DurationText.parse(shown.since).map { .ago($0) } ?? .time(shown.since)
    }
    return .success(filter)
  }

  /// What is wrong with the filter, where the database says so.
  private static func complaint(_ error: EngineError) -> String? {
    switch error {
    case .refused(let reason): "\(reason)."
    // query_canceled: statement_timeout
    case .database(let failure) where failure.sqlState == "57014":
      "The search took longer than 6 seconds. Narrow it: searching by key is fast."
    default: nil
    }
  }
}

/// A row of the journal as a page shows it; the ledger has a type of that name, too.
typealias PageRow = RollcallPages.JournalRow

extension PageRow {
  init(_ row: HistoryRow) {
    self.init(
      id: row.id, at: Moment(row.at) ?? Moment(seconds: 0), directory: row.directory, key: row.key, dn: row.dn,
      newDN: row.newDN, action: row.action, outcome: row.outcome, cause: row.cause, xid: row.xid,
      lagMilliseconds: row.lagMilliseconds, changes: row.changes?.map(Change.init), code: row.code,
      message: row.message, actor: row.actor, because: row.because,
      isUndoable: row.outcome == "done" && !JournalAction.isDecision(row.action))
  }
}

extension PageRow.Change {
  fileprivate init(_ change: AttributeChange) {
    self.init(
      change.name, removed: change.removed?.map(PageRow.Value.init), added: change.added?.map(PageRow.Value.init),
      isErased: change.isErased)
  }
}

extension PageRow.Value {
  fileprivate init(_ value: HistoryValue) {
    switch value {
    case .text(let text): self = .text(text)
    case .digest(let sha256, let size): self = .digest(sha256: sha256, size: size)
    case .hidden: self = .hidden
    }
  }
}
