internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallConfiguration
internal import RollcallCore
internal import RollcallEngine

/// Whether entries are found by an attribute without the server looking at all of them: people by their link, groups by
/// their members.
@Reactor
struct LinkIndex {
  /// Fewer entries than this are looked through before a difference shows.
  private static let enough = 1000
  private let configuration: Configuration
  private let session: LDAPSession
  private let note: @Reactor (Finding) -> Void
  private let link: String
  private let base: DistinguishedName
  private let place: String
  /// What no entry has, of the attribute's syntax, for the n-th look-up.
  private let nobody: @Sendable (Int) -> AttributeValue

  init(_ configuration: Configuration, _ session: LDAPSession, _ note: @escaping @Reactor (Finding) -> Void) {
    self.configuration = configuration
    self.session = session
    self.note = note
    link = configuration.users.link
    base = configuration.users.base
    place = configuration.place(of: "users.link")
    nobody = { AttributeValue("9\($0)8765432109") }
  }

  /// Somebody without an entry is looked for by this attribute.
  init(
    adopting adoption: Configuration.Adoption, _ configuration: Configuration, _ session: LDAPSession,
    _ note: @escaping @Reactor (Finding) -> Void
  ) {
    self.configuration = configuration
    self.session = session
    self.note = note
    link = adoption.by
    base = adoption.below ?? configuration.users.base
    place = configuration.place(of: "users.adopt.by")
    nobody = { AttributeValue("9\($0)8765432109") }
  }

  /// Every look at a person asks which groups have it as member.
  init(
    groups: Configuration.Groups, _ configuration: Configuration, _ session: LDAPSession,
    _ note: @escaping @Reactor (Finding) -> Void
  ) {
    self.configuration = configuration
    self.session = session
    self.note = note
    link = groups.member
    base = groups.base
    place = configuration.place(of: "groups.member")
    nobody = { AttributeValue("cn=9\($0)8765432109,\(groups.base.text)") }
  }

  /// - Parameters:
  ///   - entries: how many entries there are with the attribute; nil where nobody has counted.
  ///   - tellsDoubt: say so where it cannot be found out.
  func inspect(_ kind: DirectoryKind, entries: Int?, tellsDoubt: Bool = true) async throws(LDAPError) {
    if let isIndexed = await configuredIndex(kind) {
      let finding =
        isIndexed
        ? Finding(.ok, place, "\(link) has an equality index")
        : Finding(
          .error, place, "\(link) has no equality index, so each look-up reads all entries",
          remedy: kind.dialect.indexing(link))
      return note(finding)
    }
    guard let entries, entries >= Self.enough else {
      if !tellsDoubt { return }
      return note(
        Finding(
          .ok, place,
          "this account cannot see whether \(link) has an equality index, and there are too few entries "
            + "to measure it", remedy: kind.dialect.indexing(link)))
    }
    let took = try await fastestLookup()
    let text = "a look-up by \(link) among \(entries) entries takes \(took.milliseconds) ms"
    // An index answers in a fraction of a millisecond; a scan reads half a million entries a second at best.
    let isSlow = took > .milliseconds(1) + .microseconds(1) * entries
    note(
      isSlow
        ? Finding(.warning, place, "\(text): it seems to have no equality index", remedy: kind.dialect.indexing(link))
        : Finding(.ok, place, text))
  }

  /// What the server's own configuration says; nil where the account may not read it.
  private func configuredIndex(_ kind: DirectoryKind) async -> Bool? {
    switch kind {
    case .openldap: await slapdIndex()
    case .directory389: await index389()
    case .activeDirectory: await schemaIndex()
    }
  }

  /// The entries of a database's indexes (Directory Server, nsIndex); the account sees them where an aci lets it.
  private func index389() async -> Bool? {
    let found = try? await session.search(
      base: "cn=ldbm database,cn=plugins,cn=config", scope: .subtree,
      filter: .and([.equal("objectClass", "nsIndex"), .equal("cn", AttributeValue(link))]),
      attributes: ["nsIndexType"])
    guard let found, !found.isEmpty else { return nil }
    return found.contains { $0["nsIndexType"].contains { $0.text?.lowercased() == "eq" } }
  }

  /// fATTINDEX ([MS-ADTS] 2.2.10), which everybody may read. A linked attribute such as `member` needs none.
  private func schemaIndex() async -> Bool? {
    guard let root = try? await session.rootDSE(), let schema = root.entry["schemaNamingContext"].first?.text else {
      return nil
    }
    let found = try? await session.search(
      base: DistinguishedName(unchecked: schema), scope: .oneLevel,
      filter: .equal("lDAPDisplayName", AttributeValue(link)), attributes: ["searchFlags", "linkID"])
    guard let attribute = found?.first else { return nil }
    if !attribute["linkID"].isEmpty { return true }
    return (attribute["searchFlags"].first?.text.flatMap { Int($0) } ?? 0) & 1 == 1
  }

  /// slapd-config(5).
  private func slapdIndex() async -> Bool? {
    let found = try? await session.search(
      base: "cn=config", scope: .oneLevel, filter: .present("olcSuffix"),
      attributes: ["olcSuffix", "olcDbIndex"])
    let base = self.base.text.lowercased()
    let own = (found ?? []).filter { entry in
      entry["olcSuffix"].compactMap(\.text).contains { base.hasSuffix($0.lowercased()) }
    }
    guard let database = own.first else { return nil }
    return database["olcDbIndex"].compactMap(\.text).contains { SlapdIndex.covers($0, link) }
  }

  /// Of several look-ups for what is not there.
  private func fastestLookup() async throws(LDAPError) -> Duration {
    var best = Duration.seconds(3600)
    for number in 0..<7 {
      let start = ContinuousClock.now
      _ = try await session.search(
        base: base, scope: .subtree,
        filter: .equal(link, nobody(number)), attributes: ["1.1"])
      best = min(best, ContinuousClock.now - start)
    }
    return best
  }
}
