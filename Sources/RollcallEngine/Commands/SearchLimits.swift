internal import LDAP
internal import LDAPModel
internal import Reactor
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
  /// - Returns: how many there are; nil where the server cut the search off.
  func inspect(_ dialect: any Dialect) async throws(LDAPError) -> Int? {
    let users = configuration.users
    let present = Filter.present(users.link)
    let filter = users.filter.map { .and([present, $0]) } ?? present
    let limit = try await limit()
    let place = users.base.text
    var count = 0
    do {
      try await session.search(
        base: users.base, scope: .subtree, filter: filter, attributes: ["1.1"], pageSize: dialect.pageSize
      ) { count += $0.count }
    } catch let error as LDAPError {
      guard error.code == .sizeLimitExceeded || error.code == .adminLimitExceeded else { throw error }
      note(
        Finding(
          .error, place, "the server cuts a search off after \(limit.map { "\($0)" } ?? "some") entries",
          remedy: remedy))
      return nil
    } catch {
      throw LDAPError(code: .other, diagnostic: "\(error)", operation: "search \(place)")
    }
    note(Finding(.ok, place, counted(count, "linked entry", "linked entries")))
    if let limit {
      let people = max(source.people ?? 0, count)
      let message =
        "this account sees at most \(limit) entries of a search; there are \(counted(people, "person", "people"))"
      note(Finding(people > limit ? .error : .warning, place, message, remedy: remedy))
    }
    return count
  }

  private var remedy: String {
    guard case .simple(let dn, _) = configuration.directory.bind else { return "lift its size limit" }
    return "lift it for \(dn); slapd: add to the database's entry in cn=config "
      + "olcLimits: dn.exact=\"\(dn)\" size=unlimited"
  }

  /// The limit, from what slapd says to a request for more: it refuses one that goes beyond a limit before it looks
  /// (slapd.conf(5), `sizelimit`, `limits`). Nil where any number may be asked for.
  private func limit() async throws(LDAPError) -> Int? {
    let most = 1 << 24
    if try await allows(most) { return nil }
    var (low, high) = (0, most)
    while high - low > 1 {
      let middle = (low + high) / 2
      if try await allows(middle) { low = middle } else { high = middle }
    }
    return low
  }

  private func allows(_ sizeLimit: Int) async throws(LDAPError) -> Bool {
    do throws(LDAPError) {
      _ = try await session.search(
        base: configuration.users.base, scope: .base, filter: .present("objectClass"), attributes: ["1.1"],
        sizeLimit: sizeLimit)
      return true
    } catch {
      guard error.code == .adminLimitExceeded || error.code == .sizeLimitExceeded else { throw error }
      return false
    }
  }
}
