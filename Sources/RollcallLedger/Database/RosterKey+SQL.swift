internal import Postgres
internal import Reactor
package import RollcallCore

extension SQLText {
  /// Keys as an array literal for one text parameter.
  package static func array(_ keys: some Sequence<RosterKey>) -> String { array(keys.lazy.map(\.text)) }
}

extension QueryResult {
  /// A key that was selected as text; nil for NULL.
  package func key(_ row: Int, _ column: Int) -> RosterKey? { text(row, column).map { RosterKey($0) } }
}

extension RosterKey {
  /// As much of a key as is needed to identify it, given an SQL expression for its text: it may have megabytes.
  package static func sql(_ text: String) -> String { "pg_catalog.left(\(text), \(longest + 1))" }
}
