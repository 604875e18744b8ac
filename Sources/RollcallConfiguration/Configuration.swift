/// What one process keeps in step with what: the contents of one `rollcall.yaml`.
///
/// The properties follow the file's keys, and what is said at each is its reference. Three keys have no
/// default and must be there: `source`, `directory`, `users`. A key that is not known, a value of the wrong
/// kind and a name that the environment lacks are errors with line and column (``ConfigurationError``).
///
/// `${NAME}` anywhere in a value is replaced from the environment; `$${` stands for a literal `${`. Names of
/// files count from the configuration's own folder. `null`, or nothing at all, is the same as leaving a key
/// out. Lengths of time are a whole number with its unit: `500ms`, `10s`, `2m`, `24h`, `7d`; at least `10ms`.
package struct Configuration: Sendable {
  /// The file as it was named to ``load(path:environment:)``.
  package var file: String

  /// `name` (default `main`): names this directory's watermark, its parked and held rows, and its lock.
  ///
  /// At most 63 letters, digits, `-`, `_` and `.`. A process that starts under another name starts from
  /// nothing.
  package var name: String

  /// `source`: the people in PostgreSQL.
  package var source: Source

  /// `directory`: the LDAP server.
  package var directory: Directory

  /// `users`: how a row becomes an entry.
  package var users: Users

  /// `groups` (default none): groups that follow from the rows.
  package var groups: Groups?

  /// `removals`: how many people may go before a person has to look.
  package var removals: Removals

  /// `journal: { keep: 90d, values: true, hide: [] }`: what is kept of each write; nil where it says `off`.
  package var journal: Journal?

  /// `behind_after` (default `2m`): `rollcall status` says "behind" when the last look that left nothing to
  /// do is older.
  package var behindAfter: Duration

  /// `sweep: { every: 30s }`: how often the change log is read even though no notification came.
  package var sweep: Cycle

  /// `reconcile: { every: 24h }`: how often the whole roster is compared with the whole directory.
  package var reconcile: Cycle

  /// What is odd but not wrong; to be shown to the user.
  package var warnings: [Problem]

  /// Where each key of the file stands, by its path: `users.attributes.mail`, `source.watch[0].table`.
  ///
  /// The place is that of the value, or of the key where the value is a list, a mapping or nothing.
  /// Keys that the file leaves to their default are not here.
  package var positions: [String: Mark]

  /// How often something is done.
  package struct Cycle: Hashable, Sendable {
    /// `every`: from the end of one run to the beginning of the next.
    package var every: Duration
  }

  /// `removals: { most: 10%, least: 25, within: 24h }`: the removal budget.
  ///
  /// Removals (the delete, or first disable, of a managed entry) that would pass it are held until someone
  /// releases them, so that a mistake in the table cannot empty the directory.
  package struct Removals: Hashable, Sendable {
    /// `most` (default `10%`): this share of the managed entries may go; `100%` switches the budget off.
    package var most: Percent
    /// `least` (default 25): and so many may go in any case, but never more than half where there are four or
    /// more.
    package var least: Int
    /// `within` (default `24h`): in such a span.
    package var within: Duration
  }

  /// `journal`: one row for each write, so that it can be told and taken back. Values of passwords are never kept.
  package struct Journal: Hashable, Sendable {
    /// `keep` (default `90d`): how long a row is kept.
    package var keep: Duration
    /// `values` (default true): old and new values; false keeps the names of the attributes.
    package var values: Bool
    /// `hide` (default none): attributes of which a digest is kept instead of the value.
    package var hide: [String]
  }

  /// Something to say about what a key path led to, in the form of the configuration's own errors:
  /// `rollcall.yaml:31:13: users.attributes.mail: column "emial" does not exist`.
  ///
  /// A path that the file does not have is placed at its nearest ancestor that it has.
  package func problem(at path: String, _ message: String) -> Problem {
    var place = path[...]
    while positions[String(place)] == nil, let cut = place.lastIndex(where: { $0 == "." || $0 == "[" }) {
      place = place[..<cut]
    }
    return Problem(file: file, mark: positions[String(place)], message: "\(path): \(message)")
  }
}
