internal import CLDAP
public import LDAPModel
public import Reactor

/// A bound connection to a directory. Requests are pipelined and their answers matched by message id.
///
/// A session that has lost its connection, or whose server missed a deadline, is over for good: everything on
/// its way fails with `serverDown` or `timeout` (outcome unknown), ``onClose`` is called, and a new session has
/// to be opened. It lives until then or until ``close()``, whoever refers to it.
///
/// How many requests are on their way at once is the caller's business: slapd closes a connection with more
/// than 1000, and a server may work on them in any order (RFC 4511 section 3.1), so never send two for one
/// entry.
@Reactor
public final class LDAPSession {
  public let options: LDAPOptions
  /// The options' limit to begin with; to be set to the server's own once it is known.
  public var maximumMessageSize: Int
  /// Whether TLS protects it.
  public let isEncrypted: Bool
  /// Called once when the session ends by itself, after what was on its way has failed.
  public var onClose: (@Reactor (LDAPError) -> Void)?
  /// Asked each time before requests leave among which are writes: they wait until it has decided, and a no ends the
  /// session instead. Without one, writes leave as all else.
  public var permit: (any WritePermit)?

  /// By which names are compared: the server's own once it is known.
  public var schema = Schema(attributeTypes: [], objectClasses: [])
  /// Called with each name that a search has brought and that it cannot bring; the entry is left out.
  public var onStranger: (@Reactor (DistinguishedName) -> Void)?

  /// Whether answers are taken together while many are to come: for a bulk, where each one alone would wake the process.
  public var gathersAnswers = false

  var handle: Handle?
  let memory = RequestMemory()
  let limits: AnswerLimits
  /// Unsolicited notifications that said nothing.
  var unsolicited = 0
  let pages = Gate()
  var pending: [Int32: Pending] = [:]
  private var watch: Watch?
  private var timer: (timer: Timer, due: ContinuousClock.Instant)?
  private var isReceiving = false
  /// Whether answers are left where they are for a moment.
  private var isResting = false
  /// Whether what has not left yet waits for the permit's decision.
  private var isWaiting = false
  /// Whether a write may be among what has not left yet.
  private var holdsWrites = false
  /// Why there is no handle any more.
  private var end: LDAPError?

  init(_ options: LDAPOptions, _ handle: consuming Handle) {
    self.options = options
    maximumMessageSize = options.maximumMessageSize
    limits = AnswerLimits(octets: options.largestAnswer)
    isEncrypted = handle.isEncrypted
    let descriptor = handle.wire.descriptor
    self.handle = consume handle
    // The handshake may have left its last words in the wire, so writing is asked for at once.
    watch = Reactor.loop.watch(descriptor, for: [.readable, .writable]) { self.ready($0) }
  }

  /// Whether requests can be sent.
  public var isUsable: Bool { handle != nil }

  /// Requests sent and not answered yet.
  public var outstanding: Int { pending.count }

  /// Unbinds. What is on its way fails with `userCancelled`; ``onClose`` is not called.
  public func close() {
    guard isUsable else { return }
    onClose = nil
    if mayFlush { _ = handle?.wire.flush() }
    finish(.userCancelled, "the session was closed")
  }

  // MARK: Requests

  /// Notes a request that libldap has taken and sees to it that it leaves at the end of this turn of the loop.
  func sent(
    _ id: Int32, _ verb: Pending.Verb, _ dn: String, _ outcome: Pending.Outcome, within limit: Duration? = nil
  ) {
    let deadline = ContinuousClock.now + (limit ?? options.operationTimeout)
    pending[id] = Pending(verb: verb, dn: dn, outcome: outcome, deadline: deadline)
    if case .write = outcome { holdsWrites = true }
    askToWrite()
    if timer.map({ deadline < $0.due }) ?? true { arm(deadline) }
  }

  /// Fails a request that was not sent; not at once, so that a caller who sends the next one does not recurse.
  func refuse(
    _ code: ResultCode, _ reason: String, _ verb: Pending.Verb, _ dn: String, _ outcome: Pending.Outcome
  ) {
    let request = Pending(verb: verb, dn: dn, outcome: outcome, deadline: .now)
    let error =
      end?.concerning(request.operation)
      ?? LDAPError(code: code, diagnostic: reason, operation: request.operation)
    Reactor.loop.after(.zero) { request.fail(error) }
  }

  /// Forgets a search; its answers are thrown away as they come.
  func abandon(_ id: Int32) {
    guard let request = pending.removeValue(forKey: id) else { return }
    if let ld = unsafe handle?.ld, unsafe ldap_abandon_ext(ld, id, nil, nil) == LDAP_SUCCESS {
      askToWrite()
    }
    request.fail(LDAPError(code: .userCancelled, diagnostic: "abandoned", operation: request.operation))
  }

  // MARK: Answers

  private func ready(_ interest: Interest) {
    if interest.contains(.readable) {
      isReceiving = true
      receive()
      isReceiving = false
      rest()
    }
    write()
  }

  /// How long answers may gather, and how many must be outstanding that the server has enough to do meanwhile.
  private static let removalBatch = (time: Duration.milliseconds(1), outstanding: 16)

  private func rest() {
    guard gathersAnswers, isUsable, pending.count >= LDAPSession.removalBatch.outstanding else { return }
    isResting = true
    Reactor.loop.after(LDAPSession.removalBatch.time) {
      self.isResting = false
      self.watch?.interest.insert(.readable)
    }
  }

  private var reading: Interest { isResting ? [] : .readable }

  /// Sends what was asked for now, and not at the end of the loop's turn: for requests that somebody waits for.
  public func sendNow() {
    if !isReceiving, handle?.wire.hasOutput == true { write() }
  }

  private var mayFlush: Bool { !holdsWrites || permit?.mayWrite != false }

  private func write() {
    guard let wire = handle?.wire else { return }
    if wire.hasOutput, !mayFlush { return wait(for: permit) }
    guard wire.flush() else { return lost() }
    if !wire.hasOutput { holdsWrites = false }
    watch?.interest = wire.hasOutput ? reading.union(.writable) : reading
  }

  /// Keeps everything back until it is known whether it may leave.
  private func wait(for permit: (any WritePermit)?) {
    watch?.interest = reading
    if isWaiting { return }
    isWaiting = true
    permit?.whenDecided { [weak self] mayWrite in
      guard let self else { return }
      isWaiting = false
      if mayWrite { write() } else { finish(.serverDown, "this process may not send any more") }
    }
  }

  /// What is written while answers are handled leaves right after them, anything else at the next poll.
  private func askToWrite() {
    if !isReceiving { watch?.interest = reading.union(.writable) }
  }

  /// Handles what one read brings; a completion may send, close the session or let go of it.
  private func receive() {
    handle?.wire.allowReceiving()
    let heard = ContinuousClock.now
    while handle != nil {
      switch handle!.next() {
      case .nothing:
        // Of a message larger than a TLS record libldap reads one record at a time. The descriptor says nothing of
        // those that were taken from it already.
        guard isEncrypted, handle!.hasInput() else { return checkFlood() }
      case .failed(let isClosed): return lost(isClosed)
      case .message(let message):
        handle?.wire.noteMessage()
        dispatch(message, heard)
      }
      // libldap would ask the kernel once more; under TLS only it knows whether a message is left.
      if !isEncrypted, let wire = handle?.wire, !wire.hasInput { return }
    }
  }

  /// libldap throws away what answers no request; a server that sends nothing else is not listened to for ever.
  private func checkFlood() {
    guard let wire = handle?.wire, wire.unclaimed > 2 * limits.octets else { return }
    violated("it sends \(wire.unclaimed) octets that answer nothing")
  }

  // MARK: The end

  /// After any failure of libldap: it cannot go on with this handle.
  ///
  /// - Parameter isClosed: the server has ended the connection, as far as TLS says.
  func lost(_ isClosed: Bool = false) {
    guard let wire = handle?.wire else { return }
    let reason =
      wire.failure != 0
      ? Dialer.message(wire.failure)
      : wire.ended || isClosed ? "the server has closed the connection" : "the server breaks the protocol"
    finish(.serverDown, reason)
  }

  func finish(_ code: ResultCode, _ reason: String) {
    guard isUsable else { return }
    let error = LDAPError(code: code, diagnostic: reason, operation: "connection to \(options.url)")
    end = error
    // The watch goes before the descriptor: its number is given out again.
    watch?.cancel()
    watch = nil
    timer?.timer.cancel()
    timer = nil
    if code != .userCancelled { handle?.wire.mute() }
    handle = nil
    let abandoned = pending.sorted { $0.key < $1.key }
    pending = [:]
    Reactor.loop.after(.zero) {
      for (_, request) in abandoned { request.fail(error.concerning(request.operation)) }
      let onClose = self.onClose
      self.onClose = nil
      onClose?(error)
    }
  }

  // MARK: Deadlines

  /// One timer for all requests: when it is due, those that still wait are looked through for the next.
  private func arm(_ due: ContinuousClock.Instant) {
    timer?.timer.cancel()
    let next = Reactor.loop.after(due - ContinuousClock.now) { self.checkDeadlines() }
    timer = (next, due)
  }

  private func checkDeadlines() {
    timer = nil
    let now = ContinuousClock.now
    var next: ContinuousClock.Instant?
    for request in pending.values {
      let deadline = request.deadline(options.operationTimeout)
      if deadline <= now {
        let reason = "no answer to \(request.operation) within \(options.operationTimeout)"
        return finish(.timeout, reason)
      }
      next = min(next ?? deadline, deadline)
    }
    if let next { arm(next) }
  }
}
