internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallConfiguration
internal import RollcallCore
internal import RollcallEngine

/// The directory's side of `check`.
@Reactor
struct DirectoryInspection {
  private let configuration: Configuration
  private let source: SourceFacts
  private let note: @Reactor (Finding) -> Void

  init(_ configuration: Configuration, _ source: SourceFacts, _ note: @escaping @Reactor (Finding) -> Void) {
    self.configuration = configuration
    self.source = source
    self.note = note
  }

  func run() async {
    let urls = configuration.directory.urls
    var refusals: [(url: String, error: LDAPError)] = []
    var works = false
    var probe = WriteProbe(configuration.users, note)
    for url in urls {
      do throws(LDAPError) {
        let session = try await LDAPSession.open(LDAPOptions(configuration.directory, url: url.text))
        defer { session.close() }
        try await look(session, url.text, isFirst: !works)
        works = true
        try await probe.ask(session, url.text)
      } catch {
        refusals.append((url.text, error))
      }
    }
    probe.conclude()
    for (url, error) in refusals {
      let level: Finding.Level = works ? .warning : .error
      if case .gssapi = configuration.directory.bind, error.operation.hasPrefix("bind ") {
        // What is wrong is mostly in the file, or in the keytab that it names.
        note(Finding(level, configuration.place(of: "directory.bind"), "\(url): \(error)"))
      } else {
        note(Finding(level, url, "\(error)", remedy: Self.remedy(error)))
      }
    }
  }

  /// Where the connection could not be made, or the certificate is refused, the error says itself what to look at.
  private static func remedy(_ error: LDAPError) -> String? {
    error.code == .serverDown ? "check that the server is running and that directory.url is correct" : nil
  }

  private func look(_ session: LDAPSession, _ url: String, isFirst: Bool) async throws(LDAPError) {
    let rootDSE = try await session.rootDSE()
    // Samba does not know "Who am I?" (RFC 4532).
    let knows = rootDSE.supportedExtensions.contains("1.3.6.1.4.1.4203.1.11.3")
    let identity = knows ? try await session.whoAmI() : Self.boundAs(configuration.directory.bind)
    let kind = DirectoryFacts.kind(of: rootDSE)
    note(Finding(.ok, url, "\(kind.rawValue), bound as \(identity.isEmpty ? "nobody" : identity)"))
    guard isFirst else { return }
    if let said = DirectoryKind(rawValue: configuration.directory.kind.rawValue), said != kind {
      note(
        Finding(
          .warning, configuration.place(of: "directory.kind"),
          "says \(said.rawValue), the server looks like \(kind.rawValue)"
        ))
    }
    let dialect = (DirectoryKind(rawValue: configuration.directory.kind.rawValue) ?? kind).dialect
    let schema = try await session.schema()
    for finding in SchemaInspection(configuration, schema, dialect, source.readings).findings() {
      note(finding)
    }
    let lock = LockInspection(configuration, dialect, session)
    if let finding = lock.overlay(schema, rootDSE) { note(finding) }
    if configuration.users.password != nil, dialect.passwordNeedsEncryption, !session.isEncrypted {
      note(
        Finding(
          .error, configuration.place(of: "users.password"),
          "this server accepts passwords only over an encrypted connection",
          remedy: "use ldaps:// in directory.url, directory.starttls: true or mechanism: gssapi"))
    }
    for finding in source.hashedPasswords?.findings(configuration, dialect) ?? [] { note(finding) }
    guard try await baseExists(session, "users.base", configuration.users.base) else { return }
    try await lookForRivals(session, dialect, schema, rootDSE)
    if let groups = configuration.groups { try await look(at: groups, session, kind) }
    let limits = SearchLimits(configuration, session, source, note)
    let linked = try await limits.inspect(kind)
    if let finding = await lock.right(rootDSE) { note(finding) }
    for finding in try await WriteRights(configuration, dialect, schema, session).findings() { note(finding) }
    try await LinkIndex(configuration, session, note).inspect(kind, entries: linked)
    if let adoption = configuration.users.adoption {
      if let below = adoption.below { _ = try await baseExists(session, "users.adopt.below", below) }
      try await LinkIndex(adopting: adoption, configuration, session, note)
        .inspect(kind, entries: linked, tellsDoubt: false)
    } else if source.people ?? 0 > 0 {
      let findings = await UnlinkedPeople(configuration, schema, rootDSE).findings(url)
      for finding in findings { note(finding) }
    }
  }

  /// Whether another directory name manages the base.
  private func lookForRivals(
    _ session: LDAPSession, _ dialect: any Dialect, _ schema: Schema, _ rootDSE: RootDSE
  ) async throws(LDAPError) {
    if source.others.isEmpty { return }
    let base = configuration.users.base
    func identity(_ name: DistinguishedName) async -> String? {
      let found = try? await session.search(
        base: name, scope: .base, filter: .present("objectClass"), attributes: [dialect.identityAttribute])
      return found?.first?[dialect.identityAttribute].first.map(DirectoryFacts.identity)
    }
    let place = Rivals.Place(
      base: base.normalized(schema), identity: await identity(base) ?? "unknown",
      suffix: rootDSE.suffix(of: base, schema), urls: configuration.directory.urls.map(\.text),
      isNew: !source.isCompared)
    let refusal = await Rivals(others: source.others, schema: schema, base: base).refusal(of: place) {
      await identity($0)
    }
    if let refusal { note(Finding(.error, configuration.place(of: "users.base"), refusal)) }
  }

  private static func boundAs(_ bind: Configuration.Bind) -> String {
    switch bind {
    case .simple(let dn, _): dn
    case .external: "the identity of the connection"
    case .gssapi(let principal, _): principal
    }
  }

  private func look(
    at groups: Configuration.Groups, _ session: LDAPSession, _ kind: DirectoryKind
  ) async throws(LDAPError) {
    guard try await baseExists(session, "groups.base", groups.base) else { return }
    var count: Int? = 0
    do {
      try await session.search(
        base: groups.base, scope: .subtree, filter: .present(groups.member), attributes: ["1.1"],
        pageSize: kind.dialect.pageSize
      ) { count = (count ?? 0) + $0.count }
    } catch {
      count = nil  // its limits are looked at elsewhere
    }
    try await LinkIndex(groups: groups, configuration, session, note)
      .inspect(kind, entries: count, tellsDoubt: false)
  }

  private func baseExists(
    _ session: LDAPSession, _ path: String, _ base: DistinguishedName
  ) async throws(LDAPError) -> Bool {
    let place = configuration.place(of: path)
    do throws(LDAPError) {
      let found = try await session.search(
        base: base, scope: .base, filter: .present("objectClass"), attributes: ["1.1"])
      if !found.isEmpty {
        note(Finding(.ok, place, "\(base.text) exists"))
        return true
      }
    } catch {
      guard error.code == .noSuchObject || error.code == .invalidDNSyntax else { throw error }
    }
    note(
      Finding(
        .error, place, "\(base.text) does not exist, or this account may not read it",
        remedy: "create the entry, or give the account of directory.bind read and write access below it"))
    return false
  }
}
