internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallConfiguration
internal import RollcallCore

/// Whether the directory holds people of the roster who were made before Rollcall, somewhere else than it would make
/// them: it would make second entries.
@Reactor
struct UnlinkedPeople {
  /// So many people are looked for.
  static let most = 256
  private static let terms = 32

  private let configuration: Configuration
  private let schema: Schema
  private let session: LDAPSession
  private let suffix: DistinguishedName

  init(_ configuration: Configuration, _ schema: Schema, _ session: LDAPSession, _ rootDSE: RootDSE) {
    self.configuration = configuration
    self.schema = schema
    self.session = session
    let base = configuration.users.base
    suffix =
      rootDSE.namingContexts.map { DistinguishedName(unchecked: $0) }.filter { base.isBelow($0, schema) }
      .max { $0.text.utf8.count < $1.text.utf8.count } ?? base
  }

  /// Nil where nobody is found, or the server does not answer such a search.
  ///
  /// - Parameter names: what names the roster's entries.
  func finding(_ names: [String]) async -> Finding? {
    let users = configuration.users
    var rules = UserRules(users)
    rules.adoption = AdoptionRule(by: users.naming, below: suffix)
    guard let search = AdoptionSearch(rules, schema, filter: users.filter) else { return nil }
    var found: [DistinguishedName] = []
    for start in stride(from: 0, to: names.count, by: Self.terms) {
      let some = names[start..<min(start + Self.terms, names.count)].map { AttributeValue($0) }
      guard let filter = search.filter(some),
        let entries = try? await session.search(
          base: suffix, scope: .subtree, filter: filter, attributes: [users.naming])
      else { return nil }
      // What is at its place is taken over by `adopt: true`.
      let strange = entries.filter { !users.adopt || $0.dn.parent?.isEquivalent(to: users.base, schema) != true }
      if strange.isEmpty { continue }
      guard let others = try? await unserved(strange, search) else { return nil }
      found += others
    }
    guard let first = found.first else { return nil }
    let (count, people) = (found.count, names.count)
    return Finding(
      .warning, configuration.place(of: "users.adopt"),
      "\(first.text) has no \(users.link) and the \(users.naming) of a row"
        + (count > 1 ? ", as have \(count - 1) more entries (\(people) rows were looked at)" : "")
        + ": such people would get second entries, or be parked because the name is taken",
      remedy:
        "set users.adopt: { by: \(users.naming), below: \(first.parent?.text ?? suffix.text) }, and look at rollcall plan"
    )
  }

  /// The entries whose people have no linked entry yet.
  private func unserved(_ entries: [Entry], _ search: AdoptionSearch) async throws(LDAPError) -> [DistinguishedName] {
    let users = configuration.users
    let terms = entries.flatMap { search.values(of: $0) }.map { Filter.equal(users.naming, $0) }
    let linked = try await session.search(
      base: users.base, scope: .subtree, filter: .and([.or(terms), .present(users.link)]), attributes: [users.naming])
    return entries.filter { entry in !linked.contains { search.share($0, entry) } }.map(\.dn)
  }
}
