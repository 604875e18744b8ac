internal import LDAP
package import LDAPModel
internal import PlainText
internal import Postgres
internal import Reactor
internal import RollcallConfiguration
package import RollcallCore
package import RollcallLedger

/// Answers a person's questions about a single key, from both servers. Nothing here writes.
extension Engine {
  /// The mapped attributes whose values are not shown: those listed in `journal.hide`, under any of their names.
  package var hiddenAttributes: [String] {
    let hidden = configuration.journal?.hide ?? []
    func canonical(_ name: String) -> String { (link.facts?.schema.canonicalName(name) ?? name).lowercased() }
    let names = Set(hidden.map(canonical))
    return hidden + configuration.users.attributes.map(\.attribute).filter { names.contains(canonical($0)) }
  }

  /// The columns that `where` and `active` refer to, with the beginnings of their values in a key's row; nil for NULL.
  ///
  /// Columns from which a password or a hidden value is computed are left out.
  package func decidingColumns(of key: RosterKey) async throws(EngineError) -> [(name: String, value: String?)] {
    let query = roster.query
    let hidden = Set(hiddenAttributes.map { "users.attributes.\($0)".lowercased() })
    let secret = Set(
      query.expressions.filter { $0.isSecret || hidden.contains($0.path.lowercased()) }.flatMap { namesInSQL($0.sql) })
    let conditions = [query.scope, query.active].compactMap { $0?.sql }
    let names = conditions.flatMap(namesInSQL).filter { !secret.contains($0) }
    if names.isEmpty { return [] }
    let type = try await roster.resolveKeyType()
    guard type.admits(key) else { return [] }
    let result = try await roster.database.read(
      query.columnsByKey(type), [SQLText.array([key]), SQLText.array(names)], limit: .seconds(20))
    return (0..<result.rowCount).map { (result.text($0, 0) ?? "", result.text($0, 1)?.excerpt()) }
  }

  /// Keys of the rows in which a mapped attribute has this value, at most two. It reads the whole table.
  package func keys(with value: String, for attribute: String) async throws(EngineError) -> [RosterKey] {
    let name = attribute.lowercased()
    let path = "users.attributes.\(name)"
    guard let expression = roster.query.expressions.first(where: { $0.path.lowercased() == path && !$0.isSecret })
    else { return [] }
    let result = try await roster.database.read(
      roster.query.keysByValue(expression), [value], limit: .seconds(30), timeout: .seconds(40))
    return (0..<result.rowCount).compactMap { result.key($0, 0) }
  }

  /// Why changes to the tables that are read may go unnoticed; empty if the triggers are in order.
  package func captureProblems() async throws(EngineError) -> [String] {
    var problems: [String] = []
    for (table, key) in configuration.watchedPairs {
      let rows = try await sessions.database.query(
        """
        SELECT w.problem, w.source IS NOT NULL FROM pg_class AS c LEFT JOIN rollcall.watched AS w
          ON w.source = c.oid AND w.key = $2 WHERE c.oid = $1::oid AND c.relkind <> 'v'
        """, [try await sessions.mapping.oid(of: table), key])
      if rows.isEmpty { continue }
      if !rows.bool(0, 1) {
        problems.append("\(table) has no triggers, so its changes are not noticed; run: rollcall install")
      } else if let problem = rows.text(0, 0) {
        problems.append("the triggers of \(table) are not in order: \(problem); run: rollcall install")
      }
    }
    return problems
  }

  /// The last logged change of a key, if it is among the newest 200,000 changes in the log.
  package func lastChange(of key: RosterKey) async throws(EngineError) -> LastChange? {
    try await sources.read(sessions.database, mapping: sessions.mapping)
    let rows = try await sessions.database.query(
      """
      SELECT c.xid, \(SQLText.time("c.at")),
        coalesce((SELECT pg_visible_in_snapshot(c.xid, d.watermark) FROM rollcall.directory AS d WHERE d.name = $1), false),
        (SELECT bool_or(u.key = c.key) AND bool_and(u.key IS NOT NULL) FROM rollcall.urgent AS u WHERE u.xid = c.xid)
      FROM (SELECT xid, seq, at, source, key FROM rollcall.change ORDER BY xid DESC, seq DESC LIMIT 200000) AS c
      WHERE c.key = $2 AND \(sources.condition) ORDER BY c.xid DESC, c.seq DESC LIMIT 1
      """, [configuration.name, key.text])
    if rows.isEmpty { return nil }
    return LastChange(
      xid: rows.text(0, 0) ?? "", at: rows.text(0, 1) ?? "", isSettled: rows.bool(0, 2), isUrgent: rows.bool(0, 3))
  }

  /// The entries whose link attribute contains this key.
  package func entries(linkedTo key: RosterKey) async throws(EngineError) -> [Entry] {
    let facts = try await connected()
    let finder = EntryFinder(
      base: configuration.users.base, suffix: facts.suffix(of: configuration.users.base),
      link: configuration.users.link,
      filter: configuration.users.filter, attributes: [configuration.users.link])
    return try await finder.linked(to: [key], try link.session(.reading)).entries()
  }

  /// The entry at a DN, with its link; nil if there is none.
  package func entry(at dn: DistinguishedName) async throws(EngineError) -> Entry? {
    _ = try await connected()
    let session = try link.session(.reading)
    do throws(LDAPError) {
      return try await session.search(
        base: dn, scope: .base, filter: .present("objectClass"), attributes: [configuration.users.link]
      ).first
    } catch {
      if error.code == .noSuchObject || error.code == .invalidDNSyntax { return nil }
      throw .directory(error)
    }
  }

  /// Entries below the base that match a filter, with their links, at most `limit`.
  package func entries(matching filter: Filter, limit: Int) async throws(EngineError) -> [Entry] {
    _ = try await connected()
    let session = try link.session(.reading)
    do throws(LDAPError) {
      return try await session.search(
        base: configuration.users.base, scope: .subtree, filter: filter, attributes: [configuration.users.link],
        sizeLimit: limit)
    } catch {
      if error.code == .sizeLimitExceeded { throw .refused("more than \(limit) entries match; name one person") }
      throw .directory(error)
    }
  }

  /// The other directory name, and its base, that manages the entry at a DN; nil if there is none.
  package func otherManager(of dn: DistinguishedName) async throws(EngineError) -> (name: String, base: String)? {
    guard let facts = link.facts else { return nil }
    for other in try await ledger.others() {
      let base = DistinguishedName(unchecked: other.base)
      guard dn.isBelow(base, facts.schema) else { continue }
      if try await link.identity(of: base) == other.server { return (other.name, other.base) }
    }
    return nil
  }

  private func connected() async throws(EngineError) -> DirectoryFacts {
    if !link.isConnected { try await link.connect() }
    return try link.learnt(for: configuration.users)
  }
}

/// A change as recorded in the log.
package struct LastChange: Sendable {
  package var xid: String
  /// When the trigger logged it: RFC 3339, UTC.
  package var at: String
  /// Whether the directory's watermark has passed it.
  package var isSettled: Bool
  /// It can take the person's access away, and goes ahead of other changes.
  package var isUrgent: Bool
}
