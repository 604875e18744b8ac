internal import CLDAP
public import LDAPModel
public import Reactor

/// A bound connection to a directory. Requests are pipelined and their answers matched by message id.
///
/// A session that has lost its connection, or whose server missed a deadline, cannot be reused: everything in flight
/// fails with `serverDown` or `timeout` (outcome unknown), ``onClose`` is called, and a new session has to be opened.
/// It lives until then or until ``close()``, regardless of references to it.
///
/// The caller limits the number of requests in flight: slapd closes a connection with more than 1000, and a server
/// may process them in any order (RFC 4511 section 3.1), so never send two for one entry.
@Reactor
public final class LDAPSession {
  public let options: LDAPOptions
  /// Initially the options' limit; set it to the server's own once that is known.
  public var maximumMessageSize: Int
  /// Whether TLS or Kerberos encrypts it.
  public let isEncrypted: Bool
  /// Called once when the session ends by itself, after the operations in flight have failed.
  public var onClose: (@Reactor (LDAPError) -> Void)?
  /// Asked each time before requests that include writes are sent: they wait for its decision, and a refusal ends the
  /// session instead. Without one, writes are sent like all other requests.
  public var permit: (any WritePermit)?

  /// The schema for comparing names: the server's own once it is known.
  public var schema = Schema(attributeTypes: [], objectClasses: [])
  /// Called with the name of each returned entry that the search cannot match; the entry is left out.
  public var onStranger: (@Reactor (DistinguishedName) -> Void)?

  /// Whether answers are collected while many are expected: for bulk work, where each would wake the process.
  public var gathersAnswers = false

  var handle: Handle?
  let memory = RequestMemory()
  let limits: AnswerLimits
  /// The number of unsolicited notifications that were ignored.
  var unsolicited = 0
  let pages = Gate()
  var pending: [Int32: Pending] = [:]
  private var watch: Watch?
  private var timer: (timer: Timer, due: ContinuousClock.Instant)?
  private var isReceiving = false
  /// Whether reading answers is paused for a moment.
  private var isResting = false
  /// Whether unsent requests wait for the permit's decision.
  private var isWaiting = false
  /// Whether unsent requests may include a write.
  private var holdsWrites = false
  /// Why the handle is gone.
  private var end: LDAPError?

  init(_ options: LDAPOptions, _ handle: consuming Handle) {
    self.options = options
    maximumMessageSize = options.maximumMessageSize
    limits = AnswerLimits(octets: options.largestAnswer)
    isEncrypted = handle.isEncrypted
    let descriptor = handle.wire.descriptor
    self.handle = consume handle
    // The handshake may have left output in the wire, so writing is requested at once.
    watch = Reactor.loop.watch(descriptor, for: [.readable, .writable]) { self.ready($0) }
  }

  /// Whether requests can be sent.
  public var isUsable: Bool { handle != nil }

  /// Requests that were sent and not answered yet.
  public var outstanding: Int { pending.count }

  /// Unbinds. Operations in flight fail with `userCancelled`; ``onClose`` is not called.
  public func close() {
    guard isUsable else { return }
    onClose = nil
    if mayFlush { _ = handle?.wire.flush() }
    finish(.userCancelled, "the session was closed")
  }

  // MARK: Requests

  /// Registers a request that libldap has encoded, so that it is sent at the end of this turn of the loop.
  func sent(
    _ id: Int32, _ verb: Pending.Verb, _ dn: String, _ outcome: Pending.Outcome, within limit: Duration? = nil
  ) {
    let deadline = ContinuousClock.now + (limit ?? options.operationTimeout)
    pending[id] = Pending(verb: verb, dn: dn, outcome: outcome, deadline: deadline)
    if case .write = outcome { holdsWrites = true }
    askToWrite()
    if timer.map({ deadline < $0.due }) ?? true { arm(deadline) }
  }

  /// Fails a request that was not sent; not at once, so that a caller that sends the next one does not recurse.
  func refuse(
    _ code: ResultCode, _ reason: String, _ verb: Pending.Verb, _ dn: String, _ outcome: Pending.Outcome
  ) {
    let request = Pending(verb: verb, dn: dn, outcome: outcome, deadline: .now)
    let error =
      end?.concerning(request.operation)
      ?? LDAPError(code: code, diagnostic: reason, operation: request.operation)
    Reactor.loop.after(.zero) { request.fail(error) }
  }

  /// Abandons a search; its answers are discarded.
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

  /// How long answers may be collected, and how many must be outstanding to keep the server busy meanwhile.
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

  /// Sends pending requests now instead of at the end of the loop's turn: for requests that somebody waits for.
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

  /// Holds all output back until the permit has decided.
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

  /// Output written while answers are processed is sent right after them, other output at the next poll.
  private func askToWrite() {
    if !isReceiving { watch?.interest = reading.union(.writable) }
  }

  /// Processes the input of one read; a completion may send, close the session or release it.
  private func receive() {
    handle?.wire.allowReceiving()
    let heard = ContinuousClock.now
    while handle != nil {
      switch handle!.next() {
      case .nothing:
        // libldap reads a message larger than a record of TLS or Kerberos one record at a time. The descriptor does
        // not report records that were already read from it.
        guard isEncrypted, handle!.hasInput() else { return checkFlood() }
      case .failed(let isClosed): return lost(isClosed)
      case .message(let message):
        handle?.wire.noteMessage()
        dispatch(message, heard)
      }
      // libldap would query the kernel once more; of encrypted messages only libldap knows whether one is left.
      if !isEncrypted, let wire = handle?.wire, !wire.hasInput { return }
    }
  }

  /// libldap discards answers without a request; a server that sends nothing else is not read forever.
  private func checkFlood() {
    guard let wire = handle?.wire, wire.unclaimed > 2 * limits.octets else { return }
    violated("it sends \(wire.unclaimed) octets that belong to no request")
  }

  // MARK: Closing

  /// Called after any failure of libldap: the handle cannot be used any more.
  ///
  /// - Parameter isClosed: whether the server has closed the connection, as far as TLS shows.
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
    // The watch is removed before the descriptor is closed, because its number is reused.
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

  /// One timer for all requests: when it is due, the remaining ones are searched for the next deadline.
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
