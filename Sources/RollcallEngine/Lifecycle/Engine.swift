internal import FoundationEssentials
internal import Glibc
internal import LDAP
internal import LDAPModel
package import Logging
internal import Postgres
package import Reactor
package import RollcallConfiguration
internal import RollcallCore
package import RollcallLedger

/// The engine of one directory: owns the parts that work between the two servers, and connects them.
///
/// ``establish()`` connects both sides and starts the processing of keys. The caller (the daemon, a sync) decides what
/// happens when a server is lost.
@Reactor
package final class Engine {
  package let configuration: Configuration
  package let events = Events()
  package let sessions: Sessions
  package let link: DirectoryLink
  package let roster: Roster
  package let ledger: Ledger
  package let state: LedgerState
  package let removalGuard: RemovalGuard
  package let dispatcher: Dispatcher
  let retrier: Retrier
  /// Notices dates that take effect.
  let due: DueWatch
  package let journal: Journal
  let leader: Leader
  let unknown: UnknownOutcomes
  private(set) lazy var servers = ServerWatch(ledger, link)
  /// The problems that `status` shows.
  package let problems: ProblemBoard
  private(set) lazy var capture = CaptureWatch(self)
  private(set) lazy var bound = LogBound(self)
  let sources: ChangeSources
  private(set) var sweeper: Sweeper?
  private(set) var stateReader: StateReader?
  /// Nil if no groups are configured, and before the first connection.
  private(set) var groups: GroupKeeper?
  /// Nil if no references of groups are configured, and before the first connection.
  private(set) var groupReferences: GroupReferences?
  /// Nil if nobody watches the progress.
  package var meter: ReadingMeter?
  var reconciles = ReconcileAgenda()
  package private(set) lazy var requests = RequestDesk(self)
  private(set) lazy var pins = PinDesk(self)
  package private(set) lazy var pruner = Pruner(self)
  /// Determines the outcome of removals that were planned before the last connection.
  private(set) lazy var intents = OpenIntents(self)
  /// When this process became leader, as recorded in the ledger.
  private(set) var leadingSince: String? { didSet { ledger.term = leadingSince } }
  /// How long to wait for the leader's lock while another process holds it.
  var patience: Duration = .zero
  /// Called when work has stopped because a server was lost.
  package var onTrouble: (@Reactor (EngineError) -> Void)?
  /// Called when a full comparison was incomplete although the connection is alive.
  package var onIncomplete: (@Reactor (EngineError) -> Void)?
  /// Called when the condition that `status` shows has changed while the directory is connected.
  var onState: (@Reactor () -> Void)?
  /// The term at whose start the keys were queued for whose rows the mapping fails.
  var failingTerm: Int?
  /// The problem that last opened the circuit breaker.
  var refusal: Problem?
  var hasWarnedOfLock = false
  /// The database at the last connection.
  var database: DatabaseIdentity?
  /// Why parts of the mapping that are no part of a row cannot be read, by their keys in the configuration.
  var mappingFailures: [String: (message: String, fix: String)] = [:]
  /// Whether the database's clock has jumped since the last comparison that holds every removal for it.
  var clockHasJumped = false
  /// Whether a change of a person's row may change whom groups refer to.
  var groupsReadPeople = true

  /// - Throws: ``PostgresError`` if the connection string is malformed.
  package init(_ configuration: Configuration, logger: Logger) throws(EngineError) {
    self.configuration = configuration
    let log = EventLog(logger)
    events.subscribe { log.note($0) }
    sessions = try Sessions(configuration)
    sources = ChangeSources(configuration)
    link = DirectoryLink(configuration.directory, base: configuration.users.base)
    roster = Roster(sessions.mapping, RosterQuery(configuration), largestRow: configuration.source.largestRow)
    ledger = Ledger(sessions.ledger, directory: configuration.name)
    state = LedgerState(ledger)
    state.leavers.wait = configuration.users.deleteAfter
    state.passwords.isOn = configuration.users.followsPassword
    removalGuard = RemovalGuard(RemovalPolicy(configuration.removals), state)
    dispatcher = Dispatcher(state, removalGuard, events)
    events.subscribe { [counting = dispatcher.counting] in counting.note($0) }
    unknown = UnknownOutcomes(dispatcher, deadline: configuration.directory.timeout)
    retrier = Retrier(ledger, dispatcher)
    due = DueWatch(roster.query, sessions.due, ledger, dispatcher, events)
    journal = Journal(ledger, isOn: configuration.journal != nil)
    leader = Leader(sessions.options, directory: configuration.name)
    problems = ProblemBoard(ledger, events)
    wire()
  }

  // MARK: Connecting

  /// Checks that the schema is installed, and in a version that this program knows.
  package func requireInstalled() async throws(EngineError) { try await ledger.requireInstalled() }

  /// Connects to the directory if necessary, compares the stored state with what both servers have now, and starts
  /// processing keys.
  ///
  /// - Returns: why a full comparison is required; nil if the watermark is still valid.
  @discardableResult
  package func establish() async throws(EngineError) -> String? {
    let (identity, facts, stateReader, fingerprint, base) = try await survey()
    let isNew = try await lead(Leader.subject(server: facts.identity, base: base))
    let signature = try await capture.begin()
    let wasFull = try await bound.rearm()
    // It must not be read earlier: until now another leader could change it.
    var record = try await ledger.record()
    let isTakeover = record?.leader != nil && (leadingSince == nil || record?.leadingSince != leadingSince)
    if isNew { leader.beginTerm(afterAnother: isTakeover) }
    if isNew, isTakeover, let former = record?.leader {
      events.emit(.tookOver(from: former))
      try await leader.outlastPredecessor()
      record = try await ledger.record()
    }
    let reason =
      Engine.mismatch(
        record, identity, fingerprint: fingerprint, server: facts.identity, base: base, capture: signature,
        isUnderWay: sweeper != nil || wasFull) ?? (wasFull ? LogBound.reason : nil)
    if record?.fingerprint != nil, record?.fingerprint != fingerprint { try await ledger.releaseParked([]) }
    let isLoss = record?.hasLost(to: identity) == true
    // Before the record of it: a crash in between must not make old digests valid.
    if isLoss { try await ledger.renewPins(all: record?.system != identity.system) }
    try await state.passwords.begin(isLoss: isLoss || record?.server != facts.identity || record?.base != base)
    try await ledger.begin(
      identity, fingerprint: fingerprint, server: facts.identity, base: base, capture: signature,
      keepWatermark: reason == nil, isLoss: isLoss,
      keepsJournal: configuration.journal?.keep, deletesAfter: configuration.users.deleteAfter)
    try await refuseRivals(facts, base, givingUp: true)
    if isNew || leadingSince == nil {
      leadingSince = try await ledger.note(leader: "\(ProcessInfo.processInfo.hostName):\(getpid())")
    }
    problems.renew()
    try await state.leavers.forgetUnused()
    try await state.load()
    stateReader.learn(awaited: state.awaited)
    removalGuard.comparison.expect(holding(record, of: stateReader, fingerprint))
    noteAcquaintance(facts, record, identity)
    let finding = try await servers.connected(isNew: isNew, hasUnknown: unknown.isOpen)
    self.stateReader = stateReader
    let hidden = HiddenValues(createOnly: stateReader.rules.createOnly, facts.schema)
    for lane in DirectoryLink.Lane.allCases {
      try link.permit(lane, leader, hidden)
    }
    groups = try await groupKeeper(facts)
    try await beginCounting()
    try await journal.flush()
    try await intents.takeUp(stateReader)
    let recorder = Recorder(journal, configuration, stateReader, groups: groups?.planner)
    dispatcher.resume(
      Worker(
        stateReader, link: link, removalGuard: removalGuard, state: state, groups: groups, recorder: recorder))
    unknown.note(state.meetings.keysInMaking)
    // A full comparison is delayed instead: it must see the effects of the predecessor's last operations.
    unknown.connected(afterTakeover: isNew && isTakeover, from: reason == nil ? record?.watermark : nil)
    if isNew && isTakeover && reason != nil { reconciles.notBefore = .now + configuration.directory.timeout }
    try await begin(reason, record)
    takeUp(finding, comparesAnyway: reason != nil)
    takeUpGroups()
    takeUpReferences()
    groupReferences?.stop()
    groupReferences = beginGroupReferences(stateReader, recorder)
    return reason
  }

  /// What both servers report before this process becomes leader.
  private typealias Survey = (
    identity: DatabaseIdentity, facts: DirectoryFacts, stateReader: StateReader, fingerprint: String, base: String
  )

  /// Connects to the directory if necessary, and refuses a configuration that does not fit the table or the server.
  private func survey() async throws(EngineError) -> Survey {
    let identity = try await DatabaseIdentity.read(sessions.database)
    try await requirePath()
    if !link.isConnected { try await link.connect() }
    let facts = try link.learnt(for: configuration.users)
    let stateReader = StateReader(
      configuration, roster: roster, bulk: roster.on(sessions.mappingBulk), link: link, state: state, facts: facts)
    try refuseMisfits(facts)
    roster.forget()
    let fingerprint = try await fingerprint(of: stateReader)
    let base = configuration.users.base.normalized(facts.schema)
    try await refuseRivals(facts, base)
    return (identity, facts, stateReader, fingerprint, base)
  }

  /// Performs, once, every check that a start makes before it asks for the lock. It throws if a check fails or a server
  /// does not answer.
  package func rehearse() async throws(EngineError) {
    try await requireAll()
    _ = try await survey()
  }

  /// Becomes the leader, or throws if another process is. Returns whether this process was not the leader before.
  private func lead(_ subject: String) async throws(EngineError) -> Bool {
    let term = leader.isLeading ? leader.term : nil
    guard try await leader.tryToLead(subject: subject, patience: patience) else { throw .standby }
    if term == leader.term { return false }
    // The previous leader may have written meanwhile.
    sweeper?.stop()
    sweeper = nil
    removalGuard.forgetCounts()
    return true
  }

  /// Continues from the watermark, or starts from now with a full comparison.
  private func begin(_ reason: String?, _ record: DirectoryRecord?) async throws(EngineError) {
    if let reason {
      try await beginAnew(reason)
    } else if sweeper?.goOn(from: record?.watermark) != true {
      try await resume(from: record?.watermark)
    }
    if removalGuard.comparison.holding != nil, !reconciles.isUnderWay { requestReconcile() }
    planReconcile(since: reason == nil ? record?.sinceReconcile : nil)
    if reason == nil, state.meetings.phase == .recording, !reconciles.isUnderWay { requestReconcile() }
    // Only a daemon looks at the log without a pause.
    let unseen = record?.unseen.map { reconciles.isPeriodic ? $0 : min($0, 0) }
    try await due.begin(from: record?.dueAt, comparesAnyway: reason != nil, unseen: unseen)
    runReconciles()
    try await takeUpLedger()
    try await sweeper?.look()
    await bound.look()
    try await retrier.check()
    answerRequests()
  }

  /// Continues from a watermark that is not the one this process last stored.
  ///
  /// PostgreSQL may have lost that one together with its last commits (``Ledger/store(watermark:after:lookedAt:)``).
  /// The log is complete after the watermark that it has. If it has none, the log was cut.
  func resume(from watermark: String?) async throws(EngineError) {
    guard let watermark else { return try await beginAnew(Engine.cut) }
    sweeper?.stop()
    startSweeper(seen: watermark, stored: watermark)
  }

  /// Starts a new watermark at this moment, and requests a full comparison.
  func beginAnew(_ reason: String) async throws(EngineError) {
    events.emit(.comparing(because: reason))
    // The order matters: a later cut is noticed, and what was cut before is covered by the comparison.
    try await ledger.forgetCut()
    let now = try await ChangeLog(sessions.database).now()
    sweeper?.stop()
    startSweeper(seen: now.snapshot, stored: nil)
    reconciles.why = reason
    requestReconcile()
  }

  private func startSweeper(seen: String, stored: String?) {
    let sweeper = Sweeper(
      sessions.database, windows: sessions.windows, sources, keyQueryReaders(), ledger, dispatcher, seen: seen,
      stored: stored, stops: bound.stops, events)
    sweeper.connection = link.connections
    sweeper.onEveryone = { [weak self] epoch in self?.requestReconcile(epoch, isOfTheLog: true) }
    sweeper.onTrouble = { [weak self] error in self?.trouble(error) }
    sweeper.onDisplaced = { [weak self] in self?.displaced() }
    sweeper.isKey = { [weak roster] key in roster?.isKey(key) ?? true }
    self.sweeper = sweeper
  }

  private static let cut = "the change log was cut before this directory had settled it"

  // MARK: Ending

  package func close() {
    dispatcher.end()
    groupReferences?.stop()
    stopCounting()
    sweeper?.stop()
    disconnected()
    reconciles.stop()
    retrier.stop()
    due.stop()
    pins.stop()
    intents.stop()
    leader.resign()
    link.close()
    sessions.end()
  }
}
