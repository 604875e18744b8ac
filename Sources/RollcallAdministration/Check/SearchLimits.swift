internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallConfiguration
internal import RollcallCore

/// How many entries the server lets the account see, against how many there are.
@Reactor
struct SearchLimits {
  private let configuration: Configuration
  private let session: LDAPSession
  private let source: SourceFacts
  private let note: @Reactor (Finding) -> Void

  init(
    _ configuration: Configuration, _ session: LDAPSession, _ source: SourceFacts,
    _ note: @escaping @Reactor (Finding) -> Void
  ) {
    self.configuration = configuration
    self.session = session
    self.source = source
    self.note = note
  }

  /// Counts the linked entries as a reconcile reads them.
  ///
  /// A limit shows only where there are more entries than it lets through: a request for more is cut silently.
  /// - Returns: how many there are; nil where the server cut the search off.
  func inspect(_ kind: DirectoryKind) async throws(LDAPError) -> Int? {
    let users = configuration.users
    let present = Filter.present(users.link)
    let filter = users.filter.map { .and([present, $0]) } ?? present
    let place = users.base.text
    var count = 0
    do {
      try await session.search(
        base: users.base, scope: .subtree, filter: filter, attributes: ["1.1"], pageSize: Self.page
      ) { count += $0.count }
    } catch let error as LDAPError {
      guard error.code == .sizeLimitExceeded || error.code == .adminLimitExceeded else { throw error }
      let message = "the server ends this account's searches after \(count) entries, and there are more"
      note(Finding(.error, place, message, remedy: remedy(kind.dialect)))
      return nil
    } catch {
      throw LDAPError(code: .other, diagnostic: "\(error)", operation: "search \(place)")
    }
    note(Finding(.ok, place, counted(count, "linked entry", "linked entries")))
    if kind == .openldap, let limit = await configuredLimit() {
      note(finding(limit, people: max(source.people ?? 0, count), place, kind.dialect))
    } else if let limit = kind.dialect.searchLimit, let people = source.people, isNear(limit, people, count) {
      let message =
        "there will be \(people) entries; whether this account may see more than \(limit) in one search, the "
        + "server's default limit, cannot be tested before there are that many"
      note(Finding(.warning, place, message, remedy: remedy(kind.dialect)))
    }
    return count
  }

  /// Whether a limit that may be there is soon met, and has not been passed yet.
  private func isNear(_ limit: Int, _ people: Int, _ count: Int) -> Bool {
    people > max(count, limit) || count <= limit && people > limit / 2
  }

  /// What slapd's own configuration says; nil where the account may not read it.
  private func configuredLimit() async -> SlapdSizeLimit? {
    guard case .simple(let account, _) = configuration.directory.bind else { return nil }
    let attributes = ["olcDatabase", "olcSuffix", "olcSizeLimit", "olcLimits"]
    let found = try? await session.search(
      base: "cn=config", scope: .subtree,
      filter: .or([.present("olcDatabase"), .equal("objectClass", "olcGlobal")]), attributes: attributes)
    return SlapdSizeLimit.find(in: found ?? [], base: configuration.users.base.text, account: account)
  }

  private func finding(
    _ limit: SlapdSizeLimit, people: Int, _ place: String, _ dialect: any Dialect
  ) -> Finding {
    guard case .entries(let most) = limit else {
      return Finding(.ok, place, "this account may see any number of entries in a search")
    }
    let message = "the server ends this account's searches after \(most) entries, and there will be \(people)"
    if people > most { return Finding(.error, place, message, remedy: remedy(dialect)) }
    return Finding(
      people > most / 2 ? .warning : .ok, place, message, remedy: people > most / 2 ? remedy(dialect) : nil)
  }

  /// Small, so that it tells where a search was cut off.
  private static let page = 100

  private func remedy(_ dialect: any Dialect) -> String {
    guard case .simple(let dn, _) = configuration.directory.bind else { return "lift its size limit" }
    return "lift it for \(dn); \(dialect.liftingLimits(of: dn))"
  }
}
