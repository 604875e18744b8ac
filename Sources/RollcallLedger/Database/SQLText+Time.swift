internal import Postgres

extension SQLText {
  /// SQL for a time in the format of RFC 3339.
  package static func time(_ column: String) -> String {
    "to_char(\(column) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
  }
}
