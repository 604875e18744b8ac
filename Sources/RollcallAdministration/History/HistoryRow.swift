internal import Postgres
internal import Reactor
package import RollcallCore
internal import RollcallLedger

/// One row of the journal: what was written to the directory, when, why, and because of which transaction.
package struct HistoryRow: Sendable, Equatable {
  package var id: Int
  /// RFC 3339, UTC.
  package var at: String
  /// The person's key; nil for rows that concern no single person, such as the creation of a group.
  package var key: String?
  package var dn: String?
  package var newDN: String?
  /// `create`, `update`, `delete`, `park`, `pin` …
  package var action: String
  /// `intended`, `done`, `refused` or `unknown`.
  package var outcome: String
  /// The row whose result this one is.
  package var intent: Int?
  package var cause: String?
  /// The source's transaction.
  package var xid: String?
  /// From the change of the row to the directory's confirmation; nil if it is unknown.
  package var lagMilliseconds: Double?
  /// By attribute; nil if there are none.
  package var changes: [AttributeChange]?
  /// The LDAP result code.
  package var code: Int?
  package var message: String?
  package var actor: String?
  package var because: String?
  /// The transaction that wrote the row.
  var tx: UInt64
  package var directory: String

  /// Its columns, in the order that ``init(_:_:)`` expects.
  static let columns = """
    id, \(SQLText.time("at")), key, dn, new_dn, action, outcome, intent, cause, xid::text,
      round(extract(epoch FROM at - changed_at) * 1000, 1), changes, code, message, actor, because, tx::text,
      directory
    """

  @Reactor
  init(_ result: QueryResult, _ row: Int) {
    id = result.int(row, 0) ?? 0
    at = result.text(row, 1) ?? ""
    key = result.text(row, 2)
    dn = result.text(row, 3)
    newDN = result.text(row, 4)
    action = result.text(row, 5) ?? ""
    outcome = result.text(row, 6) ?? ""
    intent = result.int(row, 7)
    cause = result.text(row, 8)
    xid = result.text(row, 9)
    lagMilliseconds = result.double(row, 10)
    changes = result.text(row, 11).flatMap { AttributeChange.parse($0) }
    code = result.int(row, 12)
    message = result.text(row, 13)
    actor = result.text(row, 14)
    because = result.text(row, 15)
    tx = result.text(row, 16).flatMap { UInt64($0) } ?? 0
    directory = result.text(row, 17) ?? ""
  }
}
