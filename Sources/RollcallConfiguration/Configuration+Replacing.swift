internal import LDAPModel
internal import Postgres

extension Configuration {
  /// Why a running daemon cannot go on with this configuration instead of `former`; nil where it can.
  ///
  /// What was remembered belongs to the name, and says something of these rows and these entries alone. Whoever changes
  /// one of them wants to look at `plan` first, and starts another process.
  package func refusal(toReplace former: Configuration) -> Problem? {
    func refusal(_ path: String, _ was: String, _ becomes: String) -> Problem {
      problem(at: path, "was \(was) and becomes \(becomes); restart the daemon for another \(path)")
    }
    if name != former.name { return refusal("name", former.name, name) }
    if source.relation != former.source.relation {
      return refusal(source.relation.path, former.source.relation.text, source.relation.text)
    }
    if source.key != former.source.key { return refusal("source.key", former.source.key, source.key) }
    let (was, becomes) = (former.source.database, source.database)
    if was != becomes { return refusal("source.connection", was, becomes) }
    if !users.base.isEquivalent(to: former.users.base, .builtin) {
      return refusal("users.base", former.users.base.text, users.base.text)
    }
    if Schema.builtin.canonicalName(users.link) != Schema.builtin.canonicalName(former.users.link) {
      return refusal("users.link", former.users.link, users.link)
    }
    return nil
  }
}

extension Configuration.Source {
  /// Which database it is, as far as the connection string says; without role and password, which may change.
  fileprivate var database: String {
    guard let options = try? ConnectionOptions(connection.text, applicationName: "") else { return "" }
    let parts = ["service", "host", "hostaddr", "port", "dbname"].compactMap { name in
      options[name].map { "\(name)=\($0)" }
    }
    return parts.isEmpty ? "the environment's" : parts.joined(separator: " ")
  }
}

extension Configuration.Relation {
  fileprivate var path: String {
    switch self {
    case .table: "source.table"
    case .query: "source.query"
    }
  }

  fileprivate var text: String {
    switch self {
    case .table(let name): name.description
    case .query(let query): "\"\(query)\""
    }
  }
}
