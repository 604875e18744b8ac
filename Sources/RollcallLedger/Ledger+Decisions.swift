extension Ledger {
  /// The tables `noted` and `told` of a WITH clause: a row of the journal for each row of another table of that
  /// clause, and a notification for followers of the journal. $1 is the directory.
  ///
  /// A SELECT that does not count the rows of `told` sends no notification.
  /// - Parameters:
  ///   - action: the decision.
  ///   - columns: columns of the journal, with SQL for their values over that table's rows.
  package static func noting(_ action: String, of table: String, _ columns: KeyValuePairs<String, String>) -> String {
    let names = columns.map { ", \($0.key)" }.joined()
    let values = columns.map { ", \($0.value)" }.joined()
    return """
      noted AS (
        INSERT INTO rollcall.journal (directory, action, outcome\(names))
        SELECT $1, '\(action)', 'done'\(values) FROM \(table) RETURNING id),
      told AS MATERIALIZED (SELECT pg_notify('rollcall_journal', $1::text) WHERE EXISTS (SELECT FROM noted)
        AND EXISTS (SELECT FROM rollcall.follower AS f WHERE f.directory = $1))
      """
  }
}
