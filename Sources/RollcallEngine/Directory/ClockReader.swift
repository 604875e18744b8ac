internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallCore

/// Reads a server's own clock with a few searches of one entry each.
@Reactor
struct ClockReader {
  let kind: DirectoryKind
  /// The suffix whose clock is read.
  let suffix: DistinguishedName

  /// The clock; nil if the server has none or does not show it to this account.
  ///
  /// - Throws: `LDAPError` if the connection is lost.
  func read(_ session: LDAPSession) async throws(LDAPError) -> ServerClock? {
    switch kind {
    case .openldap:
      let found = try await entries(session, suffix, .present("objectClass"), ["contextCSN"])
      return ServerClock(contextCSN: texts(found, "contextCSN"))
    case .directory389: return try await clock389(session)
    case .activeDirectory: return try await committedUSN(session)
    }
  }

  /// The common part of the clocks of all sessions, in case a load balancer connected them to different servers.
  func readAll(_ sessions: some Collection<LDAPSession>) async throws(LDAPError) -> ServerClock? {
    var common: ServerClock?
    for (number, session) in sessions.enumerated() {
      guard let clock = try await read(session) else { return nil }
      common = number == 0 ? clock : common?.met(by: clock)
    }
    return common
  }

  /// Reads the tombstone that holds the replica update vector; without replication, the USN plug-in's count.
  private func clock389(_ session: LDAPSession) async throws(LDAPError) -> ServerClock? {
    let tombstone = Filter.and([
      .equal("objectClass", "nsTombstone"), .equal("nsUniqueId", "ffffffff-ffffffff-ffffffff-ffffffff"),
    ])
    let found = try await entries(session, suffix, tombstone, ["nsds50ruv"])
    if let vector = ServerClock(updateVector: texts(found, "nsds50ruv")) { return vector }
    let rootDSE = try await entries(session, "", .present("objectClass"), ["lastusn"])
    var counts: [String: String] = [:]
    for attribute in rootDSE.first?.attributes ?? [] where attribute.name.lowercased().hasPrefix("lastusn") {
      counts[attribute.name.lowercased()] = attribute.values.first?.text
    }
    return ServerClock(.lastUSN, counts: counts)
  }

  private func committedUSN(_ session: LDAPSession) async throws(LDAPError) -> ServerClock? {
    let rootDSE = try await entries(
      session, "", .present("objectClass"), ["highestCommittedUSN", "dsServiceName"])
    guard let count = texts(rootDSE, "highestCommittedUSN").first,
      let service = texts(rootDSE, "dsServiceName").first
    else { return nil }
    let found = try await entries(
      session, DistinguishedName(unchecked: service), .present("objectClass"), ["invocationId"])
    guard let invocation = found.first?["invocationId"].first else { return nil }
    return ServerClock(.committedUSN, counts: [DirectoryFacts.identity(invocation): count])
  }

  private func texts(_ entries: [Entry], _ attribute: String) -> [String] {
    entries.flatMap { $0[attribute].compactMap(\.text) }
  }

  /// The codes with which servers answer searches for entries that do not exist or may not be read.
  private static let refusals: Set<ResultCode> = [
    .noSuchObject, .insufficientAccessRights, .invalidDNSyntax, .undefinedAttributeType, .inappropriateMatching,
    .referral, .operationsError, .unwillingToPerform,
  ]

  private func entries(
    _ session: LDAPSession, _ base: DistinguishedName, _ filter: Filter, _ attributes: [String]
  ) async throws(LDAPError) -> [Entry] {
    do throws(LDAPError) {
      return try await session.search(
        base: base, scope: filter == .present("objectClass") ? .base : .subtree, filter: filter,
        attributes: attributes)
    } catch {
      if ClockReader.refusals.contains(error.code) { return [] }
      throw error
    }
  }
}
