internal import Postgres
internal import YAML

extension Configuration {
  /// `source`: which rows are people, and which of them count.
  ///
  /// Expressions are SQL over a row of the table or query, which is called `roster` there.
  package struct Source: Hashable, Sendable {
    /// `connection` (default empty): libpq's connection string or URI; the `PG*` environment variables supply what it
    /// omits. A secret, since it may contain a password.
    package var connection: Secret

    /// `table` or `query`: exactly one is required.
    package var relation: Relation

    /// `key`: the column of the primary key (or another that is unique and never changes); required.
    ///
    /// An integer, uuid, text or varchar. Written as in SQL, so a name in mixed case needs its double quotes within
    /// YAML's own: `'"Id"'`. This property has the name itself, without quotes.
    package var key: String

    /// `where` (default none: all rows): an SQL boolean; only rows for which it is true are people.
    package var `where`: String?

    /// `active` (default none: everyone): an SQL boolean; for people for whom it is not true, `users.inactive`
    /// applies.
    package var active: String?

    /// `watch` (default none): further tables that the expressions read, `[{ table: user_roles, key: user_id
    /// }]`; where no column names the person, with `keys`.
    package var watch: [Watched]

    /// `due` (default none): SQL expressions of type date, timestamp or timestamptz, `[valid_from, valid_until + 1]`; when
    /// one of them passes, the row is looked at.
    package var due: [String]

    /// `timezone` (default none: UTC): the time zone in which the mapping is evaluated, and in which a date begins.
    package var timezone: String?

    /// `search_path` (default none: those of `table` and `watch`): the schemas in which the mapping's names are
    /// resolved, besides `pg_catalog`. In each only its owner, the database's owner and superusers may create.
    package var searchPath: [String]?

    /// `reader` (default none: as `connection`): connects as a role that reads the roster and has no right on the
    /// schema `rollcall`.
    package var reader: Secret?

    /// `largest_row` (default `64MB`): the maximum size of a row's values in octets; a larger row is parked.
    package var largestRow: Int

    /// Whether a standby is accepted, for read-only commands. Not a key of the file.
    package var takesStandby = false
  }

  /// The source of the rows.
  package enum Relation: Hashable, Sendable {
    /// `table: public.users`.
    case table(QualifiedName)
    /// `query: SELECT …`; list the tables that it reads in `watch`.
    case query(String)
  }

  /// A further table whose changes concern people.
  package struct Watched: Hashable, Sendable {
    /// `table`.
    package var table: QualifiedName
    /// `key`: the column whose value the log has of each changed row: without `keys` the person's key in the source. A
    /// row with NULL there concerns nobody.
    package var key: String
    /// `keys` (default none): a SELECT of the keys of the people whom changed rows concern. It reads them as the relation
    /// `changed`, whose only column has the name and the type of `key`.
    package var keys: String?
  }
}

extension Configuration.Source {
  /// nil, with the problems recorded, if something is wrong.
  init?(_ section: ConfigurationSection) {
    let connection = section.text("connection", mayBeEmpty: true)
    if let connection, !connection.isSubstituted, Self.holdsPassword(connection.value) {
      section.reader.literalSecrets.append(connection)
    }
    let relation = Self.relation(section)
    let key = section.required("key").flatMap { section.identifier($0) }
    let scope = section.text("where")
    let active = section.text("active")
    let watch = Self.watch(section)
    let due = Self.due(section)
    let timezone = section.text("timezone")
    guard let relation, let key else { return nil }
    self.init(
      connection: Secret(connection?.value ?? ""), relation: relation, key: key, where: scope?.value,
      active: active?.value, watch: watch, due: due, timezone: timezone.flatMap { section.timezone($0) },
      searchPath: Self.searchPath(section),
      reader: section.text("reader").map { Secret($0.value) },
      largestRow: section.size("largest_row", default: 64 << 20))
  }

  private static func holdsPassword(_ connection: String) -> Bool {
    (try? ConnectionOptions(connection, applicationName: ""))?.holdsSecret ?? false
  }

  static let keys = [
    "connection", "table", "query", "key", "where", "active", "watch", "due", "timezone", "search_path", "reader",
    "largest_row",
  ]

  /// The schemas in the mapping's search path besides `pg_catalog`. A table without a schema is one of `public`.
  package var schemas: [String] {
    if let searchPath { return searchPath }
    var tables = watch.map(\.table)
    if case .table(let table) = relation { tables.insert(table, at: 0) }
    var schemas: [String] = []
    for schema in tables.map({ $0.schema ?? "public" }) where !schemas.contains(schema) { schemas.append(schema) }
    return schemas.isEmpty ? ["public"] : schemas
  }

  private static func searchPath(_ section: ConfigurationSection) -> [String]? {
    section.list("search_path").map { list in
      list.compactMap { path, node in section.reader.text(node, path: path).flatMap { section.identifier($0) } }
    }
  }

  private static func due(_ section: ConfigurationSection) -> [String] {
    var due: [String] = []
    for (path, node) in section.list("due") ?? [] {
      guard let text = section.reader.text(node, path: path) else { continue }
      if text.value.allSatisfy(\.isWhitespace) {
        section.reader.problem(text.mark, "\(path): is empty")
      } else if due.contains(text.value) {
        section.reader.problem(text.mark, "\(path): the same expression is listed twice")
      } else {
        due.append(text.value)
      }
    }
    return due
  }

  private static func relation(_ section: ConfigurationSection) -> Configuration.Relation? {
    switch (section.has("table"), section.has("query")) {
    case (true, true):
      section.reader.problem(section.position(of: "query"), "source: table and query are mutually exclusive")
      return nil
    case (false, false):
      section.reader.problem(section.mark, "missing key \"table\" (or \"query\") under source")
      return nil
    case (true, false):
      return section.text("table").flatMap { section.qualifiedName($0) }.map { .table($0) }
    case (false, true):
      return section.text("query").map { .query($0.value) }
    }
  }

  private static func watch(_ section: ConfigurationSection) -> [Configuration.Watched] {
    var watch: [Configuration.Watched] = []
    for (path, node) in section.list("watch") ?? [] {
      guard case .mapping(let pairs) = node.content else {
        section.reader.problem(node.mark, "\(path): expected a mapping, found \(node.kind)")
        continue
      }
      let element = ConfigurationSection(
        pairs, keys: ["table", "key", "keys"], path: path, mark: node.mark, reader: section.reader)
      let table = element.required("table").flatMap { element.qualifiedName($0) }
      let key = element.required("key").flatMap { element.identifier($0) }
      guard let table, let key else { continue }
      let keys = element.text("keys")
      if let keys, keys.value.firstMatch(of: /\bchanged\b/.ignoresCase()) == nil {
        section.reader.warning(
          keys.mark,
          "\(keys.path): does not read the changed rows, so that each change concerns everybody whom it returns; join "
            + "the people with the relation changed, as in JOIN changed ON users.department_id = changed.id")
      }
      let watched = Configuration.Watched(table: table, key: key, keys: keys?.value)
      if watch.contains(watched) {
        section.reader.problem(node.mark, "\(path): the same table and key are listed twice")
      }
      watch.append(watched)
    }
    return watch
  }
}

extension ConfigurationSection {
  /// The form of a time zone's name; whether there is such a zone only PostgreSQL knows.
  fileprivate func timezone(_ text: ConfiguredText) -> String? {
    let isName = text.value.utf8.allSatisfy { byte in
      (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & 0xDF) || "/_+-".utf8.contains(byte)
    }
    if isName, text.value.utf8.count < 64 { return text.value }
    reader.problem(text.mark, "\(text.path): \"\(text.shown)\" is not a time zone; example: Europe/Berlin")
    return nil
  }

  fileprivate func qualifiedName(_ text: ConfiguredText) -> QualifiedName? {
    do throws(QualifiedName.Invalid) {
      return try QualifiedName(parsing: text.value)
    } catch {
      reader.problem(text.mark, "\(text.path): the name \"\(text.shown)\" \(error)")
      return nil
    }
  }

  fileprivate func identifier(_ text: ConfiguredText) -> String? {
    do throws(QualifiedName.Invalid) {
      return try QualifiedName.identifier(parsing: text.value)
    } catch {
      reader.problem(text.mark, "\(text.path): the name \"\(text.shown)\" \(error)")
      return nil
    }
  }
}
