internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// Operations that were in flight when their connection, or the process that sent them, was lost.
///
/// The server may still carry them out, even after operations of the next connection. This is over once it answers
/// again and an operation's deadline has passed; then the affected keys are looked at once more, and the watermark
/// waits for that.
@Reactor
final class UnknownOutcomes {
  /// The maximum number of touched keys remembered after a takeover; beyond it, everything is compared.
  private static let most = 10_000

  private let dispatcher: Dispatcher
  private let deadline: Duration
  private var keys: Set<RosterKey> = []
  /// Keys of adds of an earlier connection.
  private var adds: Set<RosterKey> = []
  /// Names in those operations: an entry that has one of them by then may be changed instead.
  private var names: Set<String> = []
  /// Whether another process led before, so that its operations in flight are unknown.
  private var isTakeover = false
  /// The watermark at the takeover.
  private var watermark: String?
  private var hold: Epoch?
  private var timer: Timer?
  /// Called when a predecessor's operations are over: the keys that the log names after the watermark are looked at
  /// again, and the epoch waits for it.
  var onTakeover: (@Reactor (_ watermark: String, Epoch) -> Void)?
  /// Called when too many keys were touched to remember them.
  var onOverflow: (@Reactor () -> Void)?

  init(_ dispatcher: Dispatcher, deadline: Duration) {
    self.dispatcher = dispatcher
    self.deadline = deadline
  }

  /// Whether a failure leaves the result open: it occurred on this side, after the request was accepted.
  static func isUnknown(_ code: ResultCode) -> Bool { code.isLocal && code != .encodingError }

  /// Records steps that will not be answered.
  ///
  /// - Parameter keys: the keys whose turn failed because of that.
  func note(_ steps: [Step], _ keys: [RosterKey], _ schema: Schema) {
    if keys.isEmpty { return }
    begin()
    self.keys.formUnion(keys)
    for step in steps {
      self.keys.insert(step.key)
      names.formUnion(UnknownOutcomes.names(of: step, schema))
    }
  }

  /// Records keys of adds whose result is not in the ledger.
  func note(_ keys: [RosterKey]) {
    if keys.isEmpty { return }
    begin()
    adds.formUnion(keys)
  }

  /// Records steps that were carried out; a key that got a doubtful name is doubtful too.
  func noteApplied(_ steps: [Step], _ schema: Schema) {
    guard hold != nil, keys.count < UnknownOutcomes.most else { return }
    for step in steps where isTakeover || !names.isDisjoint(with: UnknownOutcomes.names(of: step, schema)) {
      keys.insert(step.key)
    }
    if keys.count >= UnknownOutcomes.most { onOverflow?() }
  }

  /// Has keys looked at again whose record must outlast the operations in flight; false if there are none.
  func keep(_ keys: [RosterKey]) -> Bool {
    if hold == nil { return false }
    self.keys.formUnion(keys)
    return true
  }

  /// Whether one of them may concern this key, which is then looked at again.
  func concerns(_ key: RosterKey) -> Bool {
    guard hold != nil, isTakeover || keys.contains(key) else { return false }
    keys.insert(key)
    return true
  }

  private static func names(of step: Step, _ schema: Schema) -> [String] {
    [step.operation.dn, step.newDN].compactMap { $0?.normalized(schema) }
  }

  /// Whether there are any such operations.
  var isOpen: Bool { hold != nil }

  private func begin() {
    if hold == nil { hold = dispatcher.queue.epochs.hold() }
  }

  /// Starts the timer: the server answers again.
  ///
  /// - Parameter watermark: where a predecessor's log begins; nil if a full comparison follows anyway.
  func connected(afterTakeover: Bool, from watermark: String?) {
    if afterTakeover {
      begin()
      isTakeover = true
      self.watermark = watermark
    }
    guard hold != nil else { return }
    timer?.cancel()
    timer = Reactor.loop.after(deadline) { [weak self] in self?.end() }
  }

  /// Stops the timer until the next connection.
  func disconnected() {
    timer?.cancel()
    timer = nil
  }

  private func end() {
    timer = nil
    guard let hold else { return }
    // Without keys parked meanwhile: a row that ends each connection would do so again and again.
    keys.formUnion(adds.filter { dispatcher.state.parked[$0] == nil })
    adds = []
    dispatcher.addTogether(keys, .retry, epoch: hold)
    if isTakeover, let watermark { onTakeover?(watermark, hold) }
    dispatcher.queue.epochs.leave(hold)
    self.hold = nil
    keys = []
    names = []
    isTakeover = false
    watermark = nil
    dispatcher.pump()
    dispatcher.onProgress?()
  }
}
