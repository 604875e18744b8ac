internal import LDAP
internal import LDAPModel
internal import Postgres
package import Reactor
package import RollcallCore
package import RollcallLedger

/// Lets removals through or holds them (the removal budget).
///
/// A window of the log and a comparison gather their removals and are decided as a whole once they are read to the end;
/// a removal is decided by itself only where no batch is known that it is a part of.
@Reactor @safe
package final class RemovalGuard {
  private struct Open {
    var removals: [RemovalKind: [RosterKey: Removal]] = [:]
    var holding: RemovalBudget.Reason?
    /// A window of the log: it has named all keys itself.
    var isOfTheLog: Bool

    @Reactor
    func held(_ kind: RemovalKind, _ state: LedgerState) -> [RosterKey] {
      (removals[kind] ?? [:]).keys.filter { state.held($0, kind) != nil }
    }
  }

  private let policy: RemovalPolicy
  private let state: LedgerState
  private var open: [RemovalBatch: Open] = [:]
  private var last: RemovalBatch = 0
  /// Keys whose removal a removal batch's decision has allowed and paid for.
  private var allowed: [RemovalKind: Set<RosterKey>] = [:]
  private var isPaying = false
  private var payers: [UnsafeContinuation<Void, Never>] = unsafe []
  private var isDeciding = false
  private var deciders: [UnsafeContinuation<Void, Never>] = unsafe []
  /// Knows which removal batches a key belongs to.
  weak var dispatcher: Dispatcher?
  /// The comparison of everybody that is wanted or under way.
  var comparison = ComparisonWatch()
  /// Entries with a link that are there, and memberships in managed groups; none until somebody has counted.
  var managed: [RemovalKind: Int] = [:]
  /// Counts them in the directory, up to about a limit or all of them.
  package var count: @Reactor (_ kind: RemovalKind, _ limit: Int?) async throws(EngineError) -> Int = {
    _, _ throws(EngineError) in 0
  }
  /// Looks at the log, so that whatever has removed a row by now is known; gives the windows that are not read yet
  /// and name some of these keys.
  var catchUp: @Reactor (_ keys: [RosterKey]) async throws(EngineError) -> [RosterKey: RemovalBatch] = {
    _ throws(EngineError) in [:]
  }
  /// Writes down for the journal that removals are held.
  var record: @Reactor ([Removal], RemovalBudget.Reason) async throws(EngineError) -> Void = {
    _, _ throws(EngineError) in
  }
  /// Called when removals are held that were not before.
  var onHeld: (@Reactor ([Removal], RemovalBudget.Reason) -> Void)?

  init(_ policy: RemovalPolicy, _ state: LedgerState) {
    self.policy = policy
    self.state = state
  }

  // MARK: Gatherings

  /// - Parameters:
  ///   - holding: why it holds every removal, whatever the budget; nil where the budget decides.
  ///   - isOfTheLog: it is what the log has named.
  func begin(holding: RemovalBudget.Reason? = nil, isOfTheLog: Bool = false) -> RemovalBatch {
    last += 1
    open[last] = Open(holding: holding, isOfTheLog: isOfTheLog)
    return last
  }

  /// Whether a key's removal is a part of a batch that holds all of them, whatever the budget.
  func holdsRemoval(of key: RosterKey) -> Bool {
    !isOff && removalBatches(of: key).contains { open[$0]?.holding != nil }
  }

  /// Decides over a removal batch that has been read to the end; its keys are looked at again for that.
  ///
  /// - Parameter epoch: which must not settle before they are.
  func decide(_ removalBatch: RemovalBatch, epoch: Epoch) async throws(EngineError) {
    // One after the other: what is a part of two batches goes with the last, and of two that are decided at once each
    // would leave it to the other.
    while isDeciding { unsafe await withUnsafeContinuation { unsafe deciders.append($0) } }
    isDeciding = true
    defer {
      isDeciding = false
      while let decider = unsafe deciders.popLast() { unsafe decider.resume() }
    }
    guard let found = open[removalBatch] else { return }
    // Those that are held already too: a row that came back meanwhile has been looked at before there was a hold.
    var again = Set(RemovalKind.allCases.flatMap { kind in found.held(kind, state) })
    var reasons = Dictionary(uniqueKeysWithValues: RemovalKind.allCases.map { ($0, found.holding) })
    var known: [RemovalKind: Set<RosterKey>] = [:]
    // What is added while the budget is asked is a part of the batch too.
    while let (kind, removals) = undecided(in: removalBatch, except: known) {
      known[kind, default: []].formUnion(removals.map(\.key))
      // What another batch takes away too goes when both are decided; this one counts it all the same.
      let own = removals.filter { removalBatches(of: $0.key).allSatisfy { $0 == removalBatch || open[$0] == nil } }
      if let reason = try await pay(own, among: removals, kind, holding: reasons[kind] ?? nil) {
        reasons[kind] = reason
        again.formUnion(removals.map(\.key))
      } else {
        allowed[kind, default: []].formUnion(own.map(\.key))
        again.formUnion(own.map(\.key))
      }
    }
    open[removalBatch] = nil
    dispatcher?.queue.decided(removalBatch, again: again.sorted(), epoch: epoch)
  }

  /// Removals of one kind that a removal batch has yet to decide over.
  private func undecided(
    in removalBatch: RemovalBatch, except known: [RemovalKind: Set<RosterKey>]
  ) -> (kind: RemovalKind, removals: [Removal])? {
    for kind in RemovalKind.allCases {
      let removals = (open[removalBatch]?.removals[kind] ?? [:]).values.filter { removal in
        known[kind]?.contains(removal.key) != true && state.held(removal.key, kind) == nil && !isAllowed(removal)
      }
      if !removals.isEmpty { return (kind, removals.sorted { $0.key < $1.key }) }
    }
    return nil
  }

  private func isAllowed(_ removal: Removal) -> Bool { allowed[removal.action.kind]?.contains(removal.key) ?? false }

  /// Drops a removal batch whose reading came to nothing; what it would have decided is found again by the next.
  func abandon(_ removalBatch: RemovalBatch) {
    open[removalBatch] = nil
    dispatcher?.queue.abandon(removalBatch)
  }

  /// Whether a removal batch, or its successor, has yet to decide.
  private func isUndecided(_ removalBatch: RemovalBatch) -> Bool {
    open[removalBatch] != nil || dispatcher?.queue.removalBatches.isAbandoned(removalBatch) == true
  }

  private func removalBatches(of key: RosterKey) -> [RemovalBatch] { dispatcher?.queue.removalBatches.of(key) ?? [] }

  // MARK: Single removals

  /// Which of a plan's removals must not happen now.
  ///
  /// - Parameter kind: of all of them.
  func withhold(_ removals: [Removal], _ kind: RemovalKind = .people) async throws(EngineError) -> Set<RosterKey> {
    var withheld: Set<RosterKey> = []
    var held: [Removal] = []
    var undecided: [Removal] = []
    for removal in removals {
      if isAllowed(removal) { continue }
      guard let hold = state.held(removal.key, kind) else {
        undecided.append(removal)
        continue
      }
      if hold.isApproved, hold.action == removal.action { continue }
      withheld.insert(removal.key)
      held.append(removal)
    }
    try await state.hold(held, kind)
    if isOff { return withheld }
    try await learn(undecided)
    var alone: [Removal] = []
    for removal in undecided {
      if waits(for: removal) { withheld.insert(removal.key) } else { alone.append(removal) }
    }
    if try await pay(alone, among: alone, kind, holding: nil) != nil { withheld.formUnion(alone.map(\.key)) }
    return withheld
  }

  /// Makes known of which windows of the log removals are a part that something else has brought.
  private func learn(_ removals: [Removal]) async throws(EngineError) {
    let strangers = removals.map(\.key).filter { key in !removalBatches(of: key).contains { isOfTheLog($0) } }
    if strangers.isEmpty { return }
    // A row that is missing was taken away before it was read. So the batch that has done so, if it was one, is known
    // after this look.
    // A window that has been decided while the others were asked has had this key looked at.
    for (key, window) in try await catchUp(strangers) where isUndecided(window) { dispatcher?.queue.join(key, window) }
  }

  /// Leaves a removal to the batches that it is a part of; false where there are none.
  private func waits(for removal: Removal) -> Bool {
    let key = removal.key
    let isSingle = dispatcher?.queue.isUrgent(key) == true
    let isLogged = isSingle || removalBatches(of: key).contains { isOfTheLog($0) }
    let ruling = comparison.ruling(on: key, isLogged: isLogged)
    if isSingle, ruling != .passes { comparison.leave(key) }
    switch ruling {
    case .passes: break
    case .waits: return true
    case .joins(let removalBatch): dispatcher?.queue.join(key, removalBatch)
    }
    let removalBatches = removalBatches(of: key)
    for removalBatch in removalBatches {
      open[removalBatch]?.removals[removal.action.kind, default: [:]][key] = removal
    }
    return !removalBatches.isEmpty
  }

  private func isOfTheLog(_ removalBatch: RemovalBatch) -> Bool { open[removalBatch]?.isOfTheLog ?? false }

  /// Forgets what was gathered for keys that turned out to keep what they have.
  func keep(_ keys: [RosterKey], _ kind: RemovalKind = .people) {
    for removalBatch in open.keys where open[removalBatch]?.removals[kind]?.isEmpty == false {
      for key in keys { open[removalBatch]?.removals[kind]?[key] = nil }
    }
  }

  /// Notes that a key has been looked at to the end: an allowance is used or not needed any more.
  func settled(_ key: RosterKey) {
    for kind in RemovalKind.allCases { allowed[kind]?.remove(key) }
  }

  /// Keeps the count of what is managed.
  func applied(_ step: Step) {
    switch step.what {
    case .create, .adopt: managed[.people] = managed[.people].map { $0 + 1 }
    case .delete: managed[.people] = managed[.people].map { $0 - 1 }
    case .join, .makeGroup: managed[.memberships] = managed[.memberships].map { $0 + 1 }
    case .leave: managed[.memberships] = managed[.memberships].map { $0 - 1 }
    default: break
    }
  }

  // MARK: Budget

  /// Takes removals from the budget, or holds the batch that they are of; one after the other, as each changes what is
  /// left.
  ///
  /// - Returns: why the batch is held; nil where it is not.
  private func pay(
    _ removals: [Removal], among batch: [Removal], _ kind: RemovalKind, holding: RemovalBudget.Reason?
  ) async throws(EngineError) -> RemovalBudget.Reason? {
    if batch.isEmpty { return nil }
    while isPaying { unsafe await withUnsafeContinuation { unsafe payers.append($0) } }
    isPaying = true
    defer {
      isPaying = false
      // Resuming only enqueues a job, so nobody is added meanwhile.
      while let payer = unsafe payers.popLast() { unsafe payer.resume() }
    }
    if let reason = try await refusal(of: batch, kind, holding) {
      try await state.hold(batch, kind, because: reason)
      try await record(batch, reason)
      onHeld?(batch, reason)
      return reason
    }
    try await state.ledger.spend(removals, kind)
    return nil
  }

  /// Everybody may go.
  private var isOff: Bool { policy.most >= 100 }

  /// Why a batch would be held.
  ///
  /// - Parameter isForecast: nothing is written down.
  package func refusal(
    of batch: [Removal], _ kind: RemovalKind, _ holding: RemovalBudget.Reason?, isForecast: Bool = false
  ) async throws(EngineError) -> RemovalBudget.Reason? {
    if isOff { return nil }
    let seconds = Double(policy.within.components.seconds)
    let spending = try await state.ledger.spending(within: seconds, of: batch, kind, forgetting: !isForecast)
    let wanted = batch.map(\.weight).reduce(0, +) - spending.paid
    if managed[kind] == nil, holding == nil, wanted > 0 {
      let limit = RemovalBudget.sufficient(wanted: wanted, spent: spending.all, policy: policy)
      let found = try await count(kind, limit)
      if let limit, found >= limit { return nil }
      managed[kind] = found
    }
    let decision = RemovalBudget.decide(
      wanted: wanted, managed: managed[kind] ?? 0, spent: spending.all, disabled: spending.disabled, policy: policy,
      holding: holding)
    guard case .held(let reason) = decision else { return nil }
    return reason
  }
}
