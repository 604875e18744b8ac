internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallCore

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
    if kind == .openldap, let isIndexed = await slapdIndex() {
      let finding =
        isIndexed
        ? Finding(.ok, place, "\(link) has an equality index")
        : Finding(
          .error, place, "\(link) has no equality index, so each look-up reads all entries",
          remedy: remedy(kind))
      return note(finding)
    }
    guard let entries, entries >= Self.enough else {
      if !tellsDoubt { return }
      return note(
        Finding(
          .warning, place,
          "whether \(link) has an equality index cannot be seen by this account, and with few entries "
            + "it cannot be measured", remedy: remedy(kind)))
    }
    let took = try await fastestLookup()
    let text = "a look-up by \(link) among \(entries) entries takes \(took.milliseconds) ms"
    // An index answers in a fraction of a millisecond; a scan reads half a million entries a second at best.
    let isSlow = took > .milliseconds(1) + .microseconds(1) * entries
    note(
      isSlow
        ? Finding(.warning, place, "\(text): it seems to have no equality index", remedy: remedy(kind))
        : Finding(.ok, place, text))
  }

  /// What slapd's own configuration says (slapd-config(5)); nil where the account may not read it.
  private func slapdIndex() async -> Bool? {
    let found = try? await session.search(
      base: "cn=config", scope: .oneLevel, filter: .present("olcSuffix"),
      attributes: ["olcSuffix", "olcDbIndex"])
    let base = self.base.text.lowercased()
    let own = (found ?? []).filter { entry in
      entry["olcSuffix"].compactMap(\.text).contains { base.hasSuffix($0.lowercased()) }
    }
    guard let database = own.first else { return nil }
    return database["olcDbIndex"].compactMap(\.text).contains { covers($0) }
  }

  /// `cn,uid eq`, `{3}employeeNumber pres,eq`; without kinds the default is meant, which is not seen here.
  private func covers(_ index: String) -> Bool {
    let words = index.drop { $0 == "{" || $0.isNumber || $0 == "}" }.split(separator: " ")
    guard words.count == 2 else { return false }
    return words[0].split(separator: ",").contains { $0.lowercased() == link.lowercased() }
      && words[1].split(separator: ",").contains("eq")
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

  private func remedy(_ kind: DirectoryKind) -> String {
    switch kind {
    case .openldap:
      "slapd has none for \(link) as Debian ships it; where it is missing, add to the database's entry in cn=config "
        + "olcDbIndex: \(link) eq (ldapmodify -Y EXTERNAL -H ldapi:///), with slapd.conf: index \(link) eq and slapindex"
    case .directory389: "add an eq index for \(link) below cn=index of the database and reindex it"
    case .activeDirectory: "set bit 1 of searchFlags in the schema's entry of \(link)"
    }
  }
}
