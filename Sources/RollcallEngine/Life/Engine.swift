internal import Foundation
internal import Glibc
public import Logging
internal import LDAP
internal import LDAPModel
internal import Postgres
public import Reactor
internal import RollcallCore

/// One directory's engine: both sides' connections and everything between them.
///
/// ``establish()`` brings it into a state in which keys flow; whoever runs it (the daemon, a sync) decides what happens
/// when a side is lost.
@Reactor
public final class Engine {
  public let configuration: Configuration
  let logger: Logger
  let options: ConnectionOptions
  let database: Database
  let bulk: Database
  let windows: Database
  let link: DirectoryLink
  let roster: Roster
  let ledger: Ledger
  let state: LedgerState
  let gatekeeper: Gatekeeper
  let provisioner: Provisioner
  let retrier: Retrier
  let leader: Leader
  private(set) var sweeper: Sweeper?
  private(set) var surveyor: Surveyor?
  /// Nil where no groups are configured, and before the first connection.
  private(set) var groups: GroupKeeper?
  private var identity: DatabaseIdentity?
  /// Epochs that wait for a reconcile, and whether one is running.
  private var reconcilesWanted: [Int] = []
  private var reconciling = false
  private var reconcileGathering: Int?
  private var hasReconciled = false
  private var lastPrune: ContinuousClock.Instant?
  private var storesAtPrune = 0
  /// Called when work stopped because a side was lost.
  var onTrouble: (@Reactor (EngineError) -> Void)?
  /// Called when a reconcile was completed and its removals are decided.
  var onReconciled: (@Reactor () -> Void)?

  /// - Throws: ``PostgresError`` when the connection string is malformed.
  public init(_ configuration: Configuration, logger: Logger) throws(EngineError) {
    self.configuration = configuration
    self.logger = logger
    do throws(PostgresError) {
      options = try ConnectionOptions(
        configuration.source.connection.text, applicationName: "rollcall \(configuration.name)")
    } catch {
      throw .database(error)
    }
    database = Database(options)
    bulk = Database(options, timeout: 600_000)
    windows = Database(options, timeout: 600_000)
    let ledgerSession = Database(options)
    link = DirectoryLink(configuration.directory, base: configuration.users.base)
    roster = Roster(database, RosterQuery(configuration))
    ledger = Ledger(ledgerSession, directory: configuration.name)
    state = LedgerState(ledger)
    gatekeeper = Gatekeeper(RemovalPolicy(configuration.removals), state)
    provisioner = Provisioner(state, gatekeeper, logger)
    retrier = Retrier(ledger, provisioner)
    leader = Leader(options)
    wire()
  }

  private func wire() {
    link.onLost = { [weak self] error in self?.trouble(.directory(error)) }
    provisioner.onTrouble = { [weak self] error in self?.trouble(error) }
    provisioner.onProgress = { [weak self] in self?.sweeper?.progress() }
    provisioner.onParked = { [weak self] delay in self?.retrier.schedule(after: delay) }
    provisioner.onDecided = { [weak self] gathering in self?.decided(gathering) }
    retrier.onTrouble = { [weak self] error in self?.trouble(error) }
    leader.onLost = { [weak self] error in self?.trouble(error) }
    gatekeeper.count = { [weak self] () throws(EngineError) in
      guard let self else { return 0 }
      return try await self.countManaged()
    }
  }

  // MARK: Connecting

  /// Checks that the database is ours to use: installed, and of a version that this program knows.
  public func requireInstalled() async throws(EngineError) { try await ledger.requireInstalled() }

  /// Connects the directory if need be, compares what is stored with what is there, and lets keys flow.
  ///
  /// - Returns: why everybody has to be compared; nil when the watermark still holds.
  @discardableResult
  func establish() async throws(EngineError) -> String? {
    let identity = try await DatabaseIdentity.read(database)
    let record = try await ledger.record()
    if !link.isConnected { try await link.connect() }
    guard let facts = link.facts else { throw .refused("the directory did not say what it is") }
    let surveyor = Surveyor(configuration, roster: roster, link: link, state: state, facts: facts)
    let fingerprint = Fingerprint.of(
      roster.query, surveyor.rules, groups: "\(String(describing: configuration.groups))", facts.schema)
    let base = configuration.users.base.normalized(facts.schema)
    if let rival = try await ledger.rival(server: facts.identity, base: base) {
      throw .refused(
        "the directory name \"\(rival)\" already manages \(configuration.users.base.text); two names must not "
          + "write to one base (rollcall uninstall in its configuration gives it up)")
    }
    try await lead(facts.identity + " " + base)
    let reason = Engine.mismatch(record, identity, fingerprint: fingerprint, server: facts.identity, base: base)
    let mappingChanged = record?.fingerprint != nil && record?.fingerprint != fingerprint
    try await ledger.begin(
      identity, fingerprint: fingerprint, server: facts.identity, base: base, keepWatermark: reason == nil)
    try await ledger.note(leader: "\(ProcessInfo.processInfo.hostName):\(getpid())")
    if mappingChanged { try await ledger.releaseParked([]) }
    try await state.load()
    hasReconciled = record?.hasReconciled ?? false
    self.identity = identity
    self.surveyor = surveyor
    for lane in DirectoryLink.Lane.allCases {
      try? link.lane(lane).mayWrite = { [weak self] in self?.leader.mayWrite ?? false }
    }
    groups = try await groupKeeper(facts)
    provisioner.resume(Worker(surveyor, link: link, gatekeeper: gatekeeper, state: state, groups: groups))
    try await begin(reason, watermark: record?.watermark)
    takeUpGroups()
    return reason
  }

  /// Becomes the leader, or says who is.
  private func lead(_ subject: String) async throws(EngineError) {
    let wasLeading = leader.mayWrite
    guard try await leader.tryToLead(subject: subject) else { throw .standby }
    // Whoever led before may have written behind our back.
    if !wasLeading { sweeper = nil }
  }

  /// Starts from the watermark, or from now with a reconcile behind it.
  private func begin(_ reason: String?, watermark: String?) async throws(EngineError) {
    if let reason {
      logger.notice("comparing everybody", metadata: ["why": "\(reason)"])
      let now = try await ChangeLog(database).now()
      startSweeper(seen: now.snapshot)
      let epoch = provisioner.queue.epochs.current
      provisioner.queue.epochs.enter(epoch)
      requestReconcile(epoch)
    } else if sweeper == nil, let watermark {
      startSweeper(seen: watermark)
    }
    if !reconcilesWanted.isEmpty { runReconciles() }
    try await sweeper?.look()
    try await retrier.check()
    takeUpReleased()
  }

  private func startSweeper(seen: String) {
    let sweeper = Sweeper(ChangeLog(database), windows: windows, ledger, provisioner, seen: seen, logger)
    sweeper.onEveryone = { [weak self] epoch in self?.requestReconcile(epoch) }
    sweeper.onTrouble = { [weak self] error in self?.trouble(error) }
    self.sweeper = sweeper
  }

  /// Why a stored watermark says nothing about this database and this directory; nil where it holds.
  private static func mismatch(
    _ record: DirectoryRecord?, _ identity: DatabaseIdentity, fingerprint: String, server: String, base: String
  ) -> String? {
    guard let record else { return "this directory has never been compared" }
    if record.watermark == nil { return "there is no watermark" }
    if record.system != identity.system { return "the database is another cluster than last time" }
    if record.timeline != identity.timeline { return "the database has failed over or was restored" }
    if record.isFuture { return "the watermark lies in the database's future: it was restored from a backup" }
    if record.server != server { return "the LDAP server holds another directory than last time" }
    if record.base != base { return "the base has changed" }
    if record.fingerprint != fingerprint { return "the mapping, the scope or the schema has changed" }
    return nil
  }

  func trouble(_ error: EngineError) {
    provisioner.suspend()
    if case .directory = error { link.close() }
    onTrouble?(error)
  }

  private func countManaged() async throws(EngineError) -> Int {
    guard let surveyor else { return 0 }
    var count = 0
    do {
      try await link.session(.reading).search(
        base: surveyor.finder.base, scope: .subtree, filter: surveyor.finder.everyone, attributes: ["1.1"],
        pageSize: surveyor.facts.dialect.pageSize
      ) { count += $0.count }
    } catch let error as LDAPError {
      throw .directory(error)
    } catch {
      throw .refused("\(error)")
    }
    return count
  }

  // MARK: Reconciling

  /// Wants everybody compared; the epoch's count, already taken, is given back when that is done.
  func requestReconcile(_ epoch: Int) {
    reconcilesWanted.append(epoch)
    runReconciles()
  }

  /// Wants everybody compared, for a reason of its own.
  public func requestReconcile() {
    let epoch = provisioner.queue.epochs.current
    provisioner.queue.epochs.enter(epoch)
    requestReconcile(epoch)
  }

  var isReconciling: Bool { reconciling || !reconcilesWanted.isEmpty }

  private func runReconciles() {
    guard !reconciling, !reconcilesWanted.isEmpty, let surveyor, provisioner.isWorking else { return }
    reconciling = true
    let epochs = reconcilesWanted
    reconcilesWanted = []
    Reactor.task {
      let reader = BothSides(
        Roster(self.bulk, self.roster.query), stream: self.bulk, surveyor, self.link, groups: self.groups)
      let reconciler = Reconciler(reader: reader, provisioner: self.provisioner)
      do throws(EngineError) {
        let started = ContinuousClock.now
        let found = try await reconciler.run(epoch: epochs[0], isFirst: !self.hasReconciled)
        for epoch in epochs.dropFirst() { self.provisioner.queue.epochs.leave(epoch) }
        self.logger.notice(
          "compared everybody",
          metadata: ["entries": "\(found.entries)", "ms": "\((ContinuousClock.now - started).milliseconds)"])
        self.reconcileGathering = found.gathering
        self.reconciling = false
        self.bulk.close()
        self.provisioner.decideGatherings()
      } catch {
        // The epochs stay open: the watermark does not move until a reconcile has been completed.
        self.reconcilesWanted += epochs
        self.reconciling = false
        self.trouble(error)
      }
    }
  }

  private func decided(_ gathering: Int) {
    guard gathering == reconcileGathering else { return }
    reconcileGathering = nil
    hasReconciled = true
    Reactor.task {
      do throws(EngineError) { try await self.ledger.noteReconcile() } catch { self.trouble(error) }
      self.onReconciled?()
    }
    runReconciles()
  }

  /// Forgets what every directory has settled, at most once in a while.
  func prune(force: Bool) async throws(EngineError) {
    guard provisioner.isWorking, let sweeper else { return }
    let due = lastPrune.map { ContinuousClock.now - $0 > .seconds(60) } ?? true
    guard force || (due && sweeper.stores > storesAtPrune) else { return }
    lastPrune = .now
    storesAtPrune = sweeper.stores
    try await ChangeLog(bulk).prune()
  }

  /// Checks what has to hold before anything is established, and that the database answers; waits for a
  /// database that is not there.
  ///
  /// - Parameter pause: waits that long; false gives up.
  func prepare(pause: @Reactor (Duration) async -> Bool) async throws(EngineError) {
    var attempt = 0
    while true {
      do throws(EngineError) {
        try await requireInstalled()
        return try await requireCoverage()
      } catch {
        // A wrong user, password (class 28) or database (3D000) is not waited for.
        guard case .database(let failure) = error, failure.isConnectionLost,
          failure.sqlState.map({ $0.hasPrefix("28") || $0 == "3D000" }) != true
        else { throw error }
        attempt += 1
        if attempt == 1 { logger.warning("waiting for PostgreSQL", metadata: ["error": "\(error)"]) }
        let backoff = Backoff(base: .milliseconds(200), cap: .seconds(5))
        let delay = backoff.delay(attempt: attempt, random: Double.random(in: 0..<1))
        guard await pause(delay) else { return }
      }
    }
  }

  // MARK: Ending

  /// Whether everything that was seen is settled and stored.
  var isSettled: Bool {
    !isReconciling && reconcileGathering == nil && provisioner.isQuiet && (sweeper?.isStored ?? false)
  }

  public func close() {
    provisioner.suspend()
    retrier.stop()
    leader.resign()
    link.close()
    for session in [database, bulk, windows, ledger.database] { session.close() }
  }
}

extension RemovalPolicy {
  init(_ removals: Configuration.Removals) {
    self.init(
      most: Double(removals.most.basisPoints) / 100, least: removals.least, within: removals.within)
  }
}
