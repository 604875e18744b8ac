internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// Reads groups, and no more of them than necessary.
@Reactor
struct GroupFinder {
  /// Searches of one request that run concurrently.
  private static let atOnce = 32

  let planner: GroupPlanner
  let people: UserRules
  let hasRanges: Bool

  private var member: String { planner.rules.member }

  /// Codes that mean that no entry has the name, or that the name is invalid.
  private static let none: Set<ResultCode> = [.noSuchObject, .invalidDNSyntax, .encodingError]

  /// The groups that have these values; only the name of each group is read, whatever its size.
  ///
  /// - Throws: ``EngineError`` if any search does not succeed: no membership is considered absent then.
  func memberships(
    of values: [AttributeValue], _ session: LDAPSession
  ) async throws(EngineError) -> [FoundMembership] {
    let searches = values.map { value in
      SearchRequest(
        base: planner.rules.base, scope: .oneLevel, filter: .equal(member, value), attributes: ["1.1"])
    }
    let found = try await SideBySide.run(searches, session, atOnce: GroupFinder.atOnce)
    return zip(values, found).flatMap { value, entries in
      entries.map { FoundMembership(planner.group(at: $0.dn), value) }
    }
  }

  /// Those of these groups that exist. One that the server does not show is left out: its writer learns the reason.
  /// - Parameter other: a filter that they have to match.
  func existing(
    _ groups: [GroupName], _ session: LDAPSession, matching other: Filter = .present("objectClass")
  ) async throws(EngineError) -> Set<GroupName> {
    let searches = groups.map { group in
      SearchRequest(base: group.dn, scope: .base, filter: other, attributes: ["1.1"])
    }
    let found = try await SideBySide.run(
      searches, session, absent: ErrorClassifier.objectCodes, atOnce: GroupFinder.atOnce)
    return Set(zip(groups, found).filter { !$0.1.isEmpty }.map(\.0))
  }

  /// Identities of those values that a group has.
  func present(
    _ values: [AttributeValue], in group: GroupName, _ session: LDAPSession
  ) async throws(EngineError) -> Set<AttributeValue> {
    let searches = values.map { value in
      SearchRequest(base: group.dn, scope: .base, filter: .equal(member, value), attributes: ["1.1"])
    }
    let found = try await SideBySide.run(searches, session, absent: GroupFinder.none, atOnce: GroupFinder.atOnce)
    return Set(zip(values, found).filter { !$0.1.isEmpty }.map { planner.identity(of: $0.0) })
  }

  /// Whether a group exists and has no members.
  func isEmpty(_ group: GroupName, _ session: LDAPSession) async throws(EngineError) -> Bool {
    let search = SearchRequest(
      base: group.dn, scope: .base, filter: .not(.present(member)), attributes: ["1.1"])
    let found = try await SideBySide.run([search], session, absent: GroupFinder.none, atOnce: 1)
    return found.contains { !$0.isEmpty }
  }

  /// All members of a group; nil if the group does not exist.
  func members(of group: GroupName, _ session: LDAPSession) async throws(EngineError) -> [AttributeValue]? {
    var all: [AttributeValue] = []
    let exists = try await members(of: group, session) { all += $0 }
    return exists ? all : nil
  }

  /// Passes a group's members to `each`, in ranges if the server uses ranges (MaxValRange, [MS-ADTS] 3.1.1.3.1.3.3).
  ///
  /// - Returns: whether the group exists.
  func members(
    of group: GroupName, _ session: LDAPSession, each: @Reactor ([AttributeValue]) -> Void
  ) async throws(EngineError) -> Bool {
    var start: Int? = 0
    while let low = start {
      let attribute = low == 0 ? member : "\(member);range=\(low)-*"
      let search = SearchRequest(
        base: group.dn, scope: .base, filter: .present("objectClass"), attributes: [attribute])
      let found = try await SideBySide.run([search], session, absent: GroupFinder.none, atOnce: 1)
      guard let entry = found[0].first else { return false }
      start = nil
      each(entry[member])
      guard hasRanges else { break }
      for ranged in entry.attributes {
        guard let high = Self.end(of: ranged.name) else { continue }
        each(ranged.values)
        if let high, !ranged.values.isEmpty { start = high + 1 }
      }
    }
    return true
  }

  /// The last index of `member;range=0-1499`; `.some(nil)` for the range that ends the list, nil for no range.
  private static func end(of attribute: String) -> Int?? {
    guard
      let option = attribute.split(separator: ";").dropFirst().first(where: {
        $0.lowercased().hasPrefix("range=")
      }),
      let dash = option.lastIndex(of: "-")
    else { return nil }
    return .some(Int(option[dash...].dropFirst()))
  }

  // MARK: People

  /// The keys of the linked entries of these members.
  func keys(of members: [AttributeValue], _ session: LDAPSession) async throws(EngineError) -> [RosterKey] {
    try await holders(of: members, session).flatMap { $0 }.flatMap { $0[people.link] }.compactMap(\.text).map {
      RosterKey($0)
    }
  }

  /// The entries of each of these values, with their links.
  func holders(of members: [AttributeValue], _ session: LDAPSession) async throws(EngineError) -> [[Entry]] {
    let searches = members.map { value in
      planner.carriesNames
        ? SearchRequest(
          base: planner.name(of: value), scope: .base,
          filter: .present("objectClass"), attributes: [people.link])
        : SearchRequest(
          base: people.base, scope: .subtree, filter: .equal(people.naming, value), attributes: [people.link])
    }
    // A member may be a DN that this server does not hold or show, or an invalid DN.
    return try await SideBySide.run(
      searches, session, absent: ErrorClassifier.objectCodes, atOnce: GroupFinder.atOnce)
  }
}
