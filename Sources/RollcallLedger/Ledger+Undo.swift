internal import LDAPModel
internal import Postgres
package import RollcallCore

/// The changes that are to be undone.
package struct UndoSelection: Codable, Sendable, Equatable {
  /// Rows of the journal.
  package var ids: [Int] = []
  /// All changes caused by a transaction of the source.
  package var xid: UInt64?

  package init(ids: [Int] = [], xid: UInt64? = nil) {
    self.ids = ids
    self.xid = xid
  }
}

extension Ledger {
  /// The maximum number of rows of one undo.
  package static let mostUndone = 50_000

  /// Actions that write to entries and groups; the journal's other actions are decisions.
  private static let writes = SQLText.literal(SQLText.array(Step.What.allCases.map(\.rawValue))) + "::text[]"

  /// The selected rows, the newest first, each with the later rows.
  ///
  /// An intent selects its result.
  /// - Throws: ``EngineError/refused(_:)`` if there are too many.
  package func undone(_ selection: UndoSelection) async throws(EngineError) -> [UndoneRow] {
    var rows = try await selected(selection)
    if rows.count > Ledger.mostUndone {
      throw .refused("that selects more than \(Ledger.mostUndone) rows of the journal; select fewer")
    }
    if rows.isEmpty { return [] }
    let later = try await later(than: rows)
    for index in rows.indices {
      let id = rows[index].id
      rows[index].later = (later[rows[index].key] ?? []).filter { $0.id > id }
    }
    return rows
  }

  private func selected(_ selection: UndoSelection) async throws(EngineError) -> [UndoneRow] {
    let result = try await database.query(
      """
      WITH meant AS (
        SELECT coalesce(r.id, j.id) AS id FROM rollcall.journal AS j
          LEFT JOIN rollcall.journal AS r ON r.directory = j.directory AND r.intent = j.id AND j.outcome = 'intended'
        WHERE j.directory = $1 AND j.id = ANY ($2::bigint[])
        UNION
        SELECT id FROM rollcall.journal
        WHERE directory = $1 AND (xid = $3::text::xid8 OR $3::text::xid8 = ANY (others)) AND outcome <> 'intended'
          AND action = ANY (\(Ledger.writes)) AND cause IS DISTINCT FROM 'undo')
      SELECT j.id, j.key, j.action, j.outcome = 'done', j.dn, j.new_dn, replace(j.entry_id::text, '-', ''),
        CASE WHEN j.action IN ('delete', 'remove-twin') THEN i.changes ELSE j.changes END,
        (SELECT min(u.id) FROM rollcall.journal AS u
         WHERE u.directory = $1 AND u.intent = j.id AND u.action = 'undo')
      FROM rollcall.journal AS j LEFT JOIN rollcall.journal AS i ON i.directory = j.directory AND i.id = j.intent
      WHERE j.directory = $1 AND j.id IN (SELECT id FROM meant) ORDER BY j.id DESC LIMIT \(Ledger.mostUndone + 1)
      """,
      [directory, SQLText.array(selection.ids.map { "\($0)" }), selection.xid.map { "\($0)" }], timeout: .seconds(60))
    return (0..<result.rowCount).map { row in
      UndoneRow(
        id: result.int(row, 0) ?? 0, key: result.key(row, 1) ?? "", action: result.text(row, 2) ?? "",
        isDone: result.bool(row, 3), dn: DistinguishedName(unchecked: result.text(row, 4) ?? ""),
        newDN: result.text(row, 5).map { DistinguishedName(unchecked: $0) },
        entryID: result.text(row, 6).flatMap { EntryID(AttributeValue($0)) },
        changes: result.text(row, 7).flatMap { AttributeChange.parse($0) } ?? [], undoneBy: result.int(row, 8))
    }
  }

  /// Later rows than the oldest of these that are not among them and have not been undone.
  private func later(than rows: [UndoneRow]) async throws(EngineError) -> [RosterKey: [LaterRow]] {
    let result = try await database.query(
      """
      SELECT j.key, j.id, j.action, (SELECT json_agg(k) FROM json_object_keys(j.changes) AS k)
      FROM rollcall.journal AS j
      WHERE j.directory = $1 AND j.key = ANY ($2::text[]) AND j.id > $3 AND j.outcome = 'done'
        AND j.action = ANY (\(Ledger.writes)) AND j.cause IS DISTINCT FROM 'undo' AND j.id NOT IN (SELECT unnest($4::bigint[]))
        AND NOT EXISTS (SELECT FROM rollcall.journal AS u
          WHERE u.directory = $1 AND u.intent = j.id AND u.action = 'undo')
      ORDER BY j.id
      """,
      [
        directory, SQLText.array(Set(rows.map(\.key)).sorted()), "\(rows.last?.id ?? 0)",
        SQLText.array(rows.map { "\($0.id)" }),
      ], timeout: .seconds(60))
    var later: [RosterKey: [LaterRow]] = [:]
    for row in 0..<result.rowCount {
      let names: [String]? = try? LedgerText.decode(result.text(row, 3))
      later[result.key(row, 0) ?? "", default: []].append(
        LaterRow(id: result.int(row, 1) ?? 0, action: result.text(row, 2) ?? "", attributes: names ?? []))
    }
    return later
  }
}
