internal import LDAP
internal import LDAPModel
internal import PlainText
internal import Postgres
internal import Reactor
internal import RollcallConfiguration
internal import RollcallCore
internal import RollcallEngine
internal import RollcallLedger

/// Whether the directory holds people of the roster who were made before Rollcall, somewhere else than it would make
/// them: it would make second entries.
///
/// It begins with the entries: there are few without a link where the directory is in step, however large the roster is.
@Reactor
struct UnlinkedPeople {
  /// So many unlinked entries are looked at, below the base and in the rest of the directory.
  static let most = 1000
  private static let page = 250
  private static let terms = 100
  private static let longestValue = 256
  /// Attributes, beside the naming one, whose values are mostly one person's.
  private static let telling = ["mail", "uid", "samaccountname", "userprincipalname"]

  private let configuration: Configuration
  private let schema: Schema
  private let suffix: DistinguishedName
  private let query: RosterQuery

  init(_ configuration: Configuration, _ schema: Schema, _ rootDSE: RootDSE) {
    self.configuration = configuration
    self.schema = schema
    query = RosterQuery(configuration)
    suffix = rootDSE.suffix(of: configuration.users.base, schema)
  }

  /// An unlinked entry that has a value of a row.
  private struct Likeness {
    var entry: DistinguishedName
    var attribute: String
    var key: String
  }

  /// Nothing where nobody is found, or a server does not answer such a question.
  ///
  /// It has sessions of its own: a search that takes too long ends its session.
  func findings(_ url: String) async -> [Finding] {
    guard let session = try? await LDAPSession.open(LDAPOptions(configuration.directory, url: url)),
      let mapping = try? Database(mapping: configuration)
    else { return [] }
    defer {
      session.close()
      mapping.close()
    }
    let (entries, isCut) = await unlinked(session)
    var found: [Likeness] = []
    for attribute in compared {
      let known = Set(found.map(\.entry.text))
      found += await alike(entries.filter { !known.contains($0.dn.text) }, attribute, mapping)
    }
    guard let found = try? await unserved(found, session) else { return [] }
    var findings = finding(found).map { [$0] } ?? []
    if isCut {
      findings.append(
        Finding(
          .ok, configuration.place(of: "users.adopt"),
          "of the entries without \(configuration.users.link), \(entries.count) were compared with the "
            + "roster; there are more"))
    }
    return findings
  }

  /// The mapped attributes whose values are compared, the naming one first.
  private var compared: [String] {
    let users = configuration.users
    let others = users.attributes.map(\.attribute).filter {
      Self.telling.contains($0.lowercased()) && $0.lowercased() != users.naming.lowercased()
    }
    return [users.naming] + others
  }

  private struct Enough: Error {}

  private func search(by attribute: String) -> AdoptionSearch? {
    var rules = UserRules(configuration.users)
    rules.adoption = AdoptionRule(by: attribute, below: suffix)
    return AdoptionSearch(rules, schema, filter: configuration.users.filter)
  }

  /// Some unlinked entries that could be people's, those below the base first, and whether there are more.
  private func unlinked(_ session: LDAPSession) async -> (entries: [Entry], isCut: Bool) {
    let users = configuration.users
    guard let search = search(by: users.naming) else { return ([], false) }
    var entries: [Entry] = []
    var seen: Set<String> = []
    var isCut = false
    for (number, base) in [users.base, suffix].enumerated() {
      do {
        try await session.search(
          base: base, scope: .subtree, filter: search.unlinked, attributes: compared, pageSize: Self.page
        ) { page in
          entries += page.filter { seen.insert($0.dn.text).inserted }
          if entries.count >= Self.most * (number + 1) { throw Enough() }
        }
      } catch {
        // What the account may not see at all is no part that was left out.
        let limits: [ResultCode] = [.sizeLimitExceeded, .adminLimitExceeded, .timeLimitExceeded, .timeout]
        isCut = isCut || (error as? LDAPError).map { limits.contains($0.code) } ?? true
      }
    }
    return (entries, isCut)
  }

  /// Those that have the value of somebody in scope.
  private func alike(_ entries: [Entry], _ attribute: String, _ mapping: Database) async -> [Likeness] {
    let path = "users.attributes.\(attribute)".lowercased()
    guard let expression = query.expressions.first(where: { $0.path.lowercased() == path }),
      let search = search(by: attribute)
    else { return [] }
    func texts(_ entry: Entry) -> [String] {
      search.values(of: entry).filter { $0.bytes.count <= Self.longestValue && !$0.bytes.contains(0) }
        .compactMap { $0.text?.lowercased() }
    }
    let asked = Set(entries.flatMap(texts)).filter { !$0.allSatisfy(\.isWhitespace) }
    if asked.isEmpty { return [] }
    let parameters = [SQLText.array(asked.sorted()), "\(Self.most * 4)"]
    guard let found = try? await mapping.read(query.keysByText(expression), parameters, limit: .seconds(10)) else {
      return []
    }
    var keys: [String: String] = [:]
    for row in 0..<found.rowCount {
      if let key = found.text(row, 0), let text = found.text(row, 1) { keys[text] = key }
    }
    let users = configuration.users
    return entries.compactMap { entry in
      // Somebody whose entry is at its place is taken over by `adopt: true`.
      let isNamed = attribute == users.naming
      if isNamed, users.adopt, entry.dn.parent?.isEquivalent(to: users.base, schema) == true { return nil }
      return texts(entry).lazy.compactMap { keys[$0] }.first.map {
        Likeness(entry: entry.dn, attribute: attribute, key: $0)
      }
    }
  }

  /// Those whose people have no linked entry yet.
  private func unserved(_ found: [Likeness], _ session: LDAPSession) async throws(LDAPError) -> [Likeness] {
    let users = configuration.users
    guard let search = search(by: users.link) else { return [] }
    let keys = Set(found.map(\.key)).sorted()
    var linked: Set<String> = []
    for start in stride(from: 0, to: keys.count, by: Self.terms) {
      let some = keys[start..<min(start + Self.terms, keys.count)].map { AttributeValue($0) }
      let entries = try await session.search(
        base: users.base, scope: .subtree, filter: .or(some.map { .equal(users.link, $0) }), attributes: [users.link])
      linked.formUnion(entries.flatMap { search.values(of: $0) }.compactMap { $0.text?.lowercased() })
    }
    return found.filter { !linked.contains($0.key.lowercased()) }
  }

  private func finding(_ found: [Likeness]) -> Finding? {
    guard let first = found.first else { return nil }
    let link = configuration.users.link
    let examples = found.prefix(2).map {
      "\($0.entry.text.excerpt()) has the \($0.attribute) of person \($0.key.excerpt())"
    }
    return Finding(
      .warning, configuration.place(of: "users.adopt"),
      (found.count == 1
        ? "an entry without \(link) looks like a person of the roster: "
        : "\(found.count) entries without \(link) look like people of the roster: ")
        + examples.joined(separator: ", ")
        + "; such people would get second entries, or be parked because the name is taken",
      remedy:
        "set users.adopt: { by: \(first.attribute), below: \(first.entry.parent?.text ?? suffix.text) }, and look at "
        + "rollcall plan")
  }
}
