/// The settings of one process: the contents of one `rollcall.yaml`.
///
/// The properties follow the file's keys, and their comments are the reference. Three keys have no default and are
/// required: `source`, `directory`, `users`. An unknown key, a value of the wrong type and an undefined environment
/// variable are errors with line and column (``ConfigurationError``).
///
/// `${NAME}` anywhere in a value is replaced from the environment; `$${` stands for a literal `${`. File names are
/// relative to the configuration's own folder. `null`, or an empty value, is the same as omitting a key. Durations
/// are a whole number with its unit: `500ms`, `10s`, `2m`, `24h`, `7d`; at least `10ms`.
package struct Configuration: Sendable {
  /// The file name as passed to ``load(path:environment:)``.
  package var file: String

  /// `name` (default `main`): names this directory's watermark, its parked and held rows, and its lock.
  ///
  /// At most 63 letters, digits, `-`, `_` and `.`. A process that starts under another name starts with empty state.
  package var name: String

  /// `source`: the people in PostgreSQL.
  package var source: Source

  /// `directory`: the LDAP server.
  package var directory: Directory

  /// `users`: how a row becomes an entry.
  package var users: Users

  /// `groups` (default none): groups whose members follow from the rows.
  package var groups: Groups?

  /// `removals`: how many people may be removed before a person has to approve it.
  package var removals: Removals

  /// `journal: { keep: 90d, values: true, hide: [] }`: what is recorded of each write; nil for `off`.
  package var journal: Journal?

  /// `behind_after` (default `2m`): `rollcall status` reports "behind" if the last look that left nothing to do is
  /// older.
  package var behindAfter: Duration

  /// `sweep: { every: 30s }`: how often the change log is read even without a notification.
  package var sweep: Cycle

  /// `reconcile: { every: 24h }`: how often the whole roster is compared with the whole directory.
  package var reconcile: Cycle

  /// Settings that are odd but not wrong; they are shown to the user.
  package var warnings: [Problem]

  /// The position of each key in the file, by its path: `users.attributes.mail`, `source.watch[0].table`.
  ///
  /// This is the position of the value, or of the key if the value is a list, a mapping or empty. Keys that the file
  /// leaves to their default are not included.
  package var positions: [String: Mark]

  /// What the file says, as YAML without comments, environment values and secrets.
  package var shown = ""

  /// How often something is done.
  package struct Cycle: Hashable, Sendable {
    /// `every`: from the end of one run to the beginning of the next.
    package var every: Duration
  }

  /// `removals: { most: 10%, least: 25, within: 24h }`: the removal budget.
  ///
  /// Removals (the delete, or first disable, of a managed entry) that would exceed it are held until someone releases
  /// them, so that a mistake in the table cannot empty the directory.
  package struct Removals: Hashable, Sendable {
    /// `most` (default `10%`): the share of the managed entries that may be removed; `100%` switches the budget off.
    package var most: Percent
    /// `least` (default 25): the number that is always allowed, but never more than half if there are four or more.
    package var least: Int
    /// `within` (default `24h`): the period to which both apply.
    package var within: Duration
  }

  /// `journal`: one row for each write, so that it can be reviewed and undone. Values of passwords are never kept.
  package struct Journal: Hashable, Sendable {
    /// `keep` (default `90d`): how long a row is kept.
    package var keep: Duration
    /// `values` (default true): keep old and new values; false keeps only the names of the attributes.
    package var values: Bool
    /// `hide` (default none): attributes whose digest is kept instead of the value.
    package var hide: [String]
  }

  /// A problem with the value of a key path, in the form of the configuration's own errors: `rollcall.yaml:31:13:
  /// users.attributes.mail: column "emial" does not exist`.
  ///
  /// A path that is not in the file is placed at its nearest ancestor in the file.
  package func problem(at path: String, _ message: String) -> Problem {
    var place = path[...]
    while positions[String(place)] == nil, let cut = place.lastIndex(where: { $0 == "." || $0 == "[" }) {
      place = place[..<cut]
    }
    return Problem(file: file, mark: positions[String(place)], message: "\(path): \(message)")
  }
}
