internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// Operations that were on their way when their connection, or the process that sent them, was lost.
///
/// The server may still carry them out, after what is sent over the next connection. Once it answers again and an
/// operation's deadline has passed it will not: then the keys concerned are looked at once more, and the watermark
/// waits for that.
@Reactor
final class UnknownOutcomes {
  /// Keys that were touched after a takeover are remembered up to this many; beyond, everybody is compared.
  private static let most = 10_000

  private let dispatcher: Dispatcher
  private let deadline: Duration
  private var keys: Set<RosterKey> = []
  /// Keys of adds of a former connection.
  private var adds: Set<RosterKey> = []
  /// Names that those operations mean: whoever has one of them by then may be hit instead.
  private var names: Set<String> = []
  /// Another process led before, and nobody knows what it had on its way.
  private var isTakeover = false
  /// The watermark at the takeover.
  private var watermark: String?
  private var hold: Epoch?
  private var timer: Timer?
  /// Called when a predecessor's operations are over: what the log names beyond the watermark is looked at again,
  /// and the epoch waits for it.
  var onTakeover: (@Reactor (_ watermark: String, Epoch) -> Void)?
  /// Called when too many keys were touched to be remembered.
  var onOverflow: (@Reactor () -> Void)?

  init(_ dispatcher: Dispatcher, deadline: Duration) {
    self.dispatcher = dispatcher
    self.deadline = deadline
  }

  /// Whether a failure leaves open what the server does: it came from this side, after the request was taken.
  static func isUnknown(_ code: ResultCode) -> Bool { code.isLocal && code != .encodingError }

  /// Notes steps whose answers will not come.
  ///
  /// - Parameter keys: whose turn came to nothing for that.
  func note(_ steps: [Step], _ keys: [RosterKey], _ schema: Schema) {
    if keys.isEmpty { return }
    begin()
    self.keys.formUnion(keys)
    for step in steps {
      self.keys.insert(step.key)
      names.formUnion(UnknownOutcomes.names(of: step, schema))
    }
  }

  /// Notes keys of adds of which the ledger does not know what has become of them.
  func note(_ keys: [RosterKey]) {
    if keys.isEmpty { return }
    begin()
    adds.formUnion(keys)
  }

  /// Notes steps that were carried out; whoever got a doubtful name is doubtful too.
  func noteApplied(_ steps: [Step], _ schema: Schema) {
    guard hold != nil, keys.count < UnknownOutcomes.most else { return }
    for step in steps where isTakeover || !names.isDisjoint(with: UnknownOutcomes.names(of: step, schema)) {
      keys.insert(step.key)
    }
    if keys.count >= UnknownOutcomes.most { onOverflow?() }
  }

  /// Has keys looked at again of which a record must outlast what is on its way; false where nothing is.
  func keep(_ keys: [RosterKey]) -> Bool {
    if hold == nil { return false }
    self.keys.formUnion(keys)
    return true
  }

  /// Whether one of them may be for this key, which is looked at again then.
  func concerns(_ key: RosterKey) -> Bool {
    guard hold != nil, isTakeover || keys.contains(key) else { return false }
    keys.insert(key)
    return true
  }

  private static func names(of step: Step, _ schema: Schema) -> [String] {
    [step.operation.dn, step.newDN].compactMap { $0?.normalized(schema) }
  }

  /// Whether there are any.
  var isOpen: Bool { hold != nil }

  private func begin() {
    if hold == nil { hold = dispatcher.queue.epochs.hold() }
  }

  /// Starts the clock: the server answers again.
  ///
  /// - Parameter watermark: where a predecessor's log begins; nil if everybody is compared anyway.
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

  /// Stops the clock until the next connection.
  func disconnected() {
    timer?.cancel()
    timer = nil
  }

  private func end() {
    timer = nil
    guard let hold else { return }
    // Not who was parked meanwhile: a row that ends each connection would do so again and again.
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
