package import LDAP
package import LDAPModel
package import Reactor
package import RollcallConfiguration
internal import RollcallCore
package import RollcallLedger

/// The connections to one directory, which are opened and lost together.
///
/// Three sessions, because a server processes the operations of a connection in its own order and time: look-ups must
/// not queue behind bulk writes, nor a single HR write behind a load.
@Reactor
package final class DirectoryLink {
  package enum Lane: CaseIterable, Sendable {
    /// Searches of bulk work.
    case reading
    /// Writes of bulk work.
    case bulk
    /// All operations for a single HR write.
    case fast
  }

  private let configuration: Configuration.Directory
  private let base: DistinguishedName
  private var sessions: [Lane: LDAPSession] = [:]
  private var lanes: [Lane: WriteLane] = [:]
  private var pulse: Timer?
  private var choice: ServerChoice
  package private(set) var facts: DirectoryFacts?
  /// The URL of the current or last connection.
  private(set) var url: String?
  /// How many sets of connections have been made.
  private(set) var connections = 0
  /// Called once for each set of connections when it is lost.
  var onLost: (@Reactor (LDAPError) -> Void)?
  /// Called when the server has returned entries that its searches cannot match: with one of their names, and their
  /// number since the last call. At most once a minute.
  var onStrangers: (@Reactor (DistinguishedName, Int) -> Void)?
  private var strangers = 0
  private var strangersToldAt: ContinuousClock.Instant?

  package init(_ configuration: Configuration.Directory, base: DistinguishedName) {
    self.configuration = configuration
    self.base = base
    choice = ServerChoice(configuration.urls.map(\.text))
  }

  package var isConnected: Bool { sessions.count == Lane.allCases.count }

  private static let notConnected = EngineError.directory(
    LDAPError(code: .serverDown, diagnostic: "not connected", operation: "use the directory"))

  /// The session of a lane.
  ///
  /// - Throws: ``EngineError`` with `serverDown` while there is none.
  package func session(_ lane: Lane) throws(EngineError) -> LDAPSession {
    guard let session = sessions[lane], session.isUsable else { throw DirectoryLink.notConnected }
    return session
  }

  func lane(_ lane: Lane) throws(EngineError) -> WriteLane {
    _ = try session(lane)
    guard let found = lanes[lane] else { throw DirectoryLink.notConnected }
    return found
  }

  /// Lets a lane write as long as `permit` allows; before that, no lane writes. Its errors quote no hidden values.
  func permit(_ lane: Lane, _ permit: any WritePermit, _ hidden: HiddenValues) throws(EngineError) {
    try self.lane(lane).permit = permit
    try self.lane(lane).hidden = hidden
    try session(lane).permit = permit
  }

  /// Connects all lanes to the first URL that answers, and learns about the server.
  ///
  /// - Throws: ``EngineError`` of the last URL tried.
  package func connect() async throws(EngineError) {
    close()
    var last =
      choice.refusal ?? LDAPError(code: .connectError, diagnostic: "no URL is configured", operation: "connect")
    for url in choice.order(.now) {
      do throws(LDAPError) {
        try await connect(to: url)
        choice.answered(url)
        return
      } catch {
        last = error
        if !error.operation.contains(url) { last.operation += " at \(url)" }
        close()
      }
    }
    throw .directory(choice.explain(last))
  }

  /// Records that the server accepts no writes; returns whether another one is tried next.
  @discardableResult
  func takesNoWrites(_ error: LDAPError) -> Bool {
    guard let url else { return false }
    return choice.takesNoWrites(url, error, .now)
  }

  /// Whether there is a server that is worth trying.
  package var hasChoice: Bool { !choice.order(.now).isEmpty }

  /// Records that the server has accepted a write; returns whether some server did not before.
  func tookWrite() -> Bool { url.map { choice.takesWrites($0) } ?? false }

  /// Reads the server's clock on every session that may have confirmed something.
  func readClock() async throws(EngineError) {
    guard let clockReader, isConnected else { throw DirectoryLink.notConnected }
    do throws(LDAPError) {
      let clock = try await clockReader.readAll(sessions.values)
      facts?.clock = clock
    } catch {
      throw .directory(error)
    }
  }

  private var clockReader: ClockReader? {
    facts.map { ClockReader(kind: $0.dialect.kind, suffix: $0.suffix(of: base)) }
  }

  private func connect(to url: String) async throws(LDAPError) {
    let options = LDAPOptions(configuration, url: url)
    var opened: [Lane: LDAPSession] = [:]
    do throws(LDAPError) {
      for lane in Lane.allCases { opened[lane] = try await LDAPSession.open(options) }
      try await take(opened, url)
    } catch {
      for session in opened.values { session.close() }
      throw error
    }
  }

  private func take(_ opened: [Lane: LDAPSession], _ url: String) async throws(LDAPError) {
    guard let reading = opened[.reading] else { return }
    var facts = try await learn(reading)
    let reader = ClockReader(kind: facts.dialect.kind, suffix: facts.suffix(of: base))
    facts.clock = try await reader.readAll(opened.values)
    let probe = ReadOnlyProbe(base: base, isActiveDirectory: facts.dialect.kind == .activeDirectory, facts.rootDSE)
    for (lane, session) in opened {
      guard session.isUsable else {
        throw LDAPError(
          code: .serverDown, diagnostic: "the connection was lost at once", operation: "connect to \(url)")
      }
      session.onClose = { [weak self] error in self?.lost(error) }
      session.schema = facts.schema
      session.onStranger = { [weak self] name in self?.note(stranger: name) }
      session.gathersAnswers = lane == .bulk
      session.maximumMessageSize = facts.dialect.messageLimit
      // Single writes leave the question to the pauses between them (``Leader/refreshInPause()``).
      lanes[lane] =
        lane == .fast
        ? WriteLane(session, probe: probe, limit: 8, fresh: .milliseconds(500))
        : WriteLane(session, probe: probe, limit: max(facts.dialect.window, 1), fresh: Leader.fresh)
    }
    self.facts = facts
    self.url = url
    connections += 1
    sessions = opened
    keepProbing()
  }

  private static let strangersToldEvery: Duration = .seconds(60)

  private func note(stranger name: DistinguishedName) {
    strangers += 1
    if let last = strangersToldAt, .now - last < DirectoryLink.strangersToldEvery { return }
    strangersToldAt = .now
    onStrangers?(name, strangers)
    strangers = 0
  }

  // MARK: Keepalive

  /// How often an idle session is probed, and how long the answer may take. A session with operations in flight has
  /// deadlines.
  private static let probeEvery: Duration = .seconds(4)
  private static let probeTimeout: Duration = .seconds(5)

  private func keepProbing() {
    pulse?.cancel()
    pulse = Reactor.loop.after(DirectoryLink.probeEvery) { [weak self] in
      guard let self else { return }
      for session in self.sessions.values where session.outstanding == 0 { self.probe(session) }
      self.keepProbing()
    }
  }

  /// Any answer proves that the session is alive, even a refusal.
  private func probe(_ session: LDAPSession) {
    let late = Reactor.loop.after(DirectoryLink.probeTimeout) { [weak self, weak session] in
      guard let self, let session, self.sessions.values.contains(where: { $0 === session }) else { return }
      self.lost(
        LDAPError(
          code: .timeout, diagnostic: "no answer to the probe within \(DirectoryLink.probeTimeout)",
          operation: "connection to \(session.options.url)"))
    }
    session.search(
      base: DistinguishedName(unchecked: ""), scope: .base, filter: .present("objectClass"),
      attributes: ["1.1"]
    ) { _ in late.cancel() }
  }

  private func learn(_ session: LDAPSession) async throws(LDAPError) -> DirectoryFacts {
    let rootDSE = try await session.rootDSE()
    let kind = DirectoryKind(rawValue: configuration.kind.rawValue) ?? DirectoryFacts.kind(of: rootDSE)
    let schema = try await session.schema()
    let dialect = kind.dialect
    let entry = try await baseEntry(session, dialect.identityAttribute)
    let identity = entry[dialect.identityAttribute].first.map(DirectoryFacts.identity)
    let account = BoundAccount(configuration.bind, base: base, schema)
    return DirectoryFacts(
      dialect: dialect, schema: schema, rootDSE: rootDSE, identity: identity ?? "unknown",
      accounts: try await account.names(session, rootDSE), isEncrypted: session.isEncrypted)
  }

  private func baseEntry(_ session: LDAPSession, _ attribute: String) async throws(LDAPError) -> Entry {
    let missing = LDAPError(
      code: .noSuchObject,
      diagnostic: "users.base does not exist, or the account of directory.bind may not read it: make the entry, or "
        + "correct users.base", operation: "read \(base.text)")
    do throws(LDAPError) {
      let found = try await session.search(
        base: base, scope: .base, filter: .present("objectClass"), attributes: [attribute])
      guard let entry = found.first else { throw missing }
      return entry
    } catch {
      throw error.code == .noSuchObject ? missing : error
    }
  }

  /// The unique id of an entry; nil if there is none that this account may read.
  func identity(of dn: DistinguishedName) async throws(EngineError) -> String? {
    guard let facts else { throw DirectoryLink.notConnected }
    let attribute = facts.dialect.identityAttribute
    let session = try session(.bulk)
    do throws(LDAPError) {
      let found = try await session.search(
        base: dn, scope: .base, filter: .present("objectClass"), attributes: [attribute])
      return found.first?[attribute].first.map(DirectoryFacts.identity)
    } catch {
      if ErrorClassifier.classify(code: error.code, during: .search) == .connectionLost { throw .directory(error) }
      return nil
    }
  }

  /// What is known about the connected server.
  ///
  /// - Throws: ``EngineError`` if it cannot take people as the configuration describes them.
  package func learnt(for users: Configuration.Users) throws(EngineError) -> DirectoryFacts {
    guard let facts else { throw DirectoryLink.notConnected }
    if let refusal = facts.refusal(of: users) { throw .refused(refusal) }
    return facts
  }

  /// Closes all connections because one of them failed; none of them is used again.
  func lost(_ error: LDAPError) {
    guard !sessions.isEmpty else { return }
    close()
    onLost?(error)
  }

  package func close() {
    pulse?.cancel()
    pulse = nil
    let old = sessions
    sessions = [:]
    lanes = [:]
    for session in old.values {
      session.onClose = nil
      session.close()
    }
  }
}
