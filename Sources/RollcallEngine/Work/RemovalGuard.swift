internal import LDAP
internal import LDAPModel
internal import Postgres
package import Reactor
package import RollcallCore
package import RollcallLedger

/// Allows removals or holds them, according to the removal budget.
///
/// A window of the log or a comparison collects its removals, and they are decided as a whole after it has been read
/// completely; a removal is decided alone only if it belongs to no known batch.
@Reactor @safe
package final class RemovalGuard {
  let policy: RemovalPolicy
  let state: LedgerState
  private var open: [RemovalBatch: OpenRemovals] = [:]
  private var last: RemovalBatch = 0
  /// Keys whose removal a batch's decision has allowed and charged.
  private(set) var allowed: [RemovalKind: Set<RosterKey>] = [:]
  private var isPaying = false
  private var payers: [UnsafeContinuation<Void, Never>] = unsafe []
  private var isDeciding = false
  private var deciders: [UnsafeContinuation<Void, Never>] = unsafe []
  /// Knows the removal batches of each key.
  weak var dispatcher: Dispatcher?
  /// The full comparison that is requested or in progress.
  var comparison = ComparisonWatch()
  /// The number of linked entries, and of memberships in managed groups; empty until they are counted.
  var managed: [RemovalKind: Int] = [:]
  /// So many there are at least; more than that need not be counted for a few leavers.
  var atLeast: [RemovalKind: Int] = [:]
  /// How often the counts have been forgotten, how many have been removed, and whether somebody is counting for those who
  /// may leave next.
  var forgotten = 0
  var gone: [RemovalKind: Int] = [:]
  var isCountingAhead = false
  /// Counts them in the directory, up to about the limit, or all of them.
  package var count: @Reactor (_ kind: RemovalKind, _ limit: Int?) async throws(EngineError) -> Int = {
    _, _ throws(EngineError) in 0
  }
  /// Reads the log, so that everything that has removed a row by now is known; returns the unread windows that name
  /// some of these keys.
  var catchUp: @Reactor (_ keys: [RosterKey]) async throws(EngineError) -> [RosterKey: UnreadWindow] = {
    _ throws(EngineError) in [:]
  }
  /// Whether the database's clock has jumped since everybody was compared: rows may have been read at a wrong time.
  var clockHasJumped: @Reactor () async throws(EngineError) -> Bool = { () throws(EngineError) in false }
  /// Records held removals in the journal.
  var record: @Reactor ([Removal], RemovalBudget.Reason) async throws(EngineError) -> Void = {
    _, _ throws(EngineError) in
  }
  /// Called when removals are newly held.
  var onHeld: (@Reactor ([Removal], RemovalBudget.Reason) -> Void)?

  init(_ policy: RemovalPolicy, _ state: LedgerState) {
    self.policy = policy
    self.state = state
  }

  // MARK: Removal batches

  /// - Parameters:
  ///   - holding: why it holds every removal, regardless of the budget; nil if the budget decides.
  ///   - isOfTheLog: whether it consists of keys that the log has named.
  func begin(holding: RemovalBudget.Reason? = nil, isOfTheLog: Bool = false) -> RemovalBatch {
    last += 1
    open[last] = OpenRemovals(holding: holding, isOfTheLog: isOfTheLog)
    return last
  }

  /// Whether a key's removal belongs to a batch that holds all of them, regardless of the budget.
  func holdsRemoval(of key: RosterKey) -> Bool {
    !isOff && removalBatches(of: key).contains { open[$0]?.holding != nil }
  }

  /// Decides on a removal batch that has been read completely; its keys are then looked at again.
  ///
  /// - Parameter epoch: the epoch that must not settle before that.
  func decide(_ removalBatch: RemovalBatch, epoch: Epoch) async throws(EngineError) {
    // One at a time: a key of two batches is decided by the last one, and two concurrent decisions would each leave
    // it to the other.
    while isDeciding { unsafe await withUnsafeContinuation { unsafe deciders.append($0) } }
    isDeciding = true
    defer {
      isDeciding = false
      while let decider = unsafe deciders.popLast() { unsafe decider.resume() }
    }
    guard let found = open[removalBatch] else { return }
    // Includes keys that are already held: a row that came back may have been looked at before the hold.
    var again = Set(RemovalKind.allCases.flatMap { kind in found.held(kind, state) })
    var reasons = Dictionary(uniqueKeysWithValues: RemovalKind.allCases.map { ($0, found.holding) })
    var known: [RemovalKind: Set<RosterKey>] = [:]
    var asked: Set<RosterKey> = []
    // Keys that are added while the budget is checked belong to the batch too.
    while let (kind, removals) = undecided(in: removalBatch, except: known) {
      let new = removals.map(\.key).filter { !asked.contains($0) }
      if !new.isEmpty {
        // A wipe may have deleted their rows since the window that names them for another reason, or be read anew.
        try await assign(new)
        if reasons[kind] ?? nil == nil, try await clockHasJumped() { reasons[kind] = .clockJumped }
        asked.formUnion(new)
        continue
      }
      known[kind, default: []].formUnion(removals.map(\.key))
      // A removal that also belongs to another batch waits until both are decided; this batch counts it too.
      let own = removals.filter { removal in
        let others = others(thatDecideOn: removal, besides: removalBatch)
        for other in others { open[other]?.removals[kind, default: [:]][removal.key] = removal }
        return others.isEmpty
      }
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

  /// The undecided batches with which a removal waits besides one.
  ///
  /// Whether somebody is a leaver is known only for a turn: a batch in which the key is for another reason counts if the
  /// removal was left to it.
  private func others(thatDecideOn removal: Removal, besides removalBatch: RemovalBatch) -> [RemovalBatch] {
    let binding = dispatcher?.queue.removalBatches.binding(removal.key) ?? []
    return removalBatches(of: removal.key).filter { other in
      other != removalBatch && open[other] != nil
        && (binding.contains(other) || open[other]?.removals[removal.action.kind]?[removal.key] != nil)
    }
  }

  /// Removals of one kind on which a batch has yet to decide.
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

  /// Drops a removal batch whose reading failed; the next one finds its keys again.
  func abandon(_ removalBatch: RemovalBatch) {
    open[removalBatch] = nil
    dispatcher?.abandon(removalBatch)
  }

  /// Whether a removal batch, or its successor, is still undecided.
  func isUndecided(_ removalBatch: RemovalBatch) -> Bool {
    open[removalBatch] != nil || dispatcher?.queue.removalBatches.isAbandoned(removalBatch) == true
  }

  private func removalBatches(of key: RosterKey) -> [RemovalBatch] { dispatcher?.queue.removalBatches.of(key) ?? [] }

  /// Whether a person whose removal is decided is a part of another batch since: the row has come back, and is gone with
  /// that one.
  private func isNamedAnew(_ key: RosterKey) -> Bool {
    dispatcher?.queue.removalBatches.binding(key).contains { open[$0] != nil } ?? false
  }

  // MARK: Single removals

  /// Those of a plan's removals that must not be carried out now.
  ///
  /// - Parameter kind: the kind of all of them.
  func withhold(_ removals: [Removal], _ kind: RemovalKind = .people) async throws(EngineError) -> Set<RosterKey> {
    var withheld: Set<RosterKey> = []
    var held: [Removal] = []
    var undecided: [Removal] = []
    for removal in removals {
      if isAllowed(removal) { continue }
      if state.held(removal.key, kind) == nil {
        undecided.append(removal)
      } else if isHeld(removal, kind) {
        withheld.insert(removal.key)
        held.append(removal)
      }
    }
    try await state.hold(held, kind)
    if isOff { return withheld }
    let decided = removals.filter(isAllowed)
    try await learn(undecided + decided)
    let hasJumped = undecided.isEmpty && decided.isEmpty ? false : try await clockHasJumped()
    for removal in decided where isNamedAnew(removal.key) {
      allowed[kind]?.remove(removal.key)
      undecided.append(removal)
    }
    var alone: [Removal] = []
    for removal in undecided where !isAllowed(removal) {
      // A batch may have been decided while the log was read.
      if isHeld(removal, kind) || waits(for: removal) { withheld.insert(removal.key) } else { alone.append(removal) }
    }
    let holding: RemovalBudget.Reason? = hasJumped ? .clockJumped : nil
    if try await pay(alone, among: alone, kind, holding: holding) != nil { withheld.formUnion(alone.map(\.key)) }
    return withheld
  }

  /// Leaves a removal to the batches that it belongs to; false if there are none.
  private func waits(for removal: Removal) -> Bool {
    let key = removal.key
    let isSingle = dispatcher?.queue.isSingle(key) == true
    let isLogged = isSingle || removalBatches(of: key).contains { isOfTheLog($0) }
    let ruling = comparison.ruling(on: key, isLogged: isLogged)
    if isSingle, ruling != .passes { comparison.leave(key) }
    switch ruling {
    case .passes: break
    case .waits: return true
    case .joins(let removalBatch): dispatcher?.queue.join(key, removalBatch)
    }
    let deciding = decidingBatches(of: key)
    for removalBatch in deciding {
      open[removalBatch]?.removals[removal.action.kind, default: [:]][key] = removal
    }
    return !deciding.isEmpty
  }

  func isOfTheLog(_ removalBatch: RemovalBatch) -> Bool { open[removalBatch]?.isOfTheLog ?? false }

  /// Removes the collected removals of keys that turned out to stay.
  func keep(_ keys: [RosterKey], _ kind: RemovalKind = .people) {
    for removalBatch in open.keys where open[removalBatch]?.removals[kind]?.isEmpty == false {
      for key in keys { open[removalBatch]?.removals[kind]?[key] = nil }
    }
  }

  /// Records the end of a key's turn: its allowance is used or no longer needed.
  func settled(_ key: RosterKey) {
    for kind in RemovalKind.allCases { allowed[kind]?.remove(key) }
  }

  // MARK: Budget

  /// Charges removals to the budget, or holds their batch; one batch at a time, because each changes the remainder.
  ///
  /// - Returns: why the batch is held; nil if it is not.
  private func pay(
    _ removals: [Removal], among batch: [Removal], _ kind: RemovalKind, holding: RemovalBudget.Reason?
  ) async throws(EngineError) -> RemovalBudget.Reason? {
    if batch.isEmpty { return nil }
    while isPaying { unsafe await withUnsafeContinuation { unsafe payers.append($0) } }
    isPaying = true
    defer {
      isPaying = false
      // Resuming only enqueues a job, so no waiter is added meanwhile.
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

  /// Why a batch would be held.
  ///
  /// - Parameter isForecast: whether nothing is to be recorded.
  package func refusal(
    of batch: [Removal], _ kind: RemovalKind, _ holding: RemovalBudget.Reason?, isForecast: Bool = false
  ) async throws(EngineError) -> RemovalBudget.Reason? {
    if isOff { return nil }
    let seconds = Double(policy.within.components.seconds)
    let spending = try await state.ledger.spending(within: seconds, of: batch, kind, forgetting: !isForecast)
    let wanted = batch.map(\.weight).reduce(0, +) - spending.paid
    if managed[kind] == nil, holding == nil, wanted > 0 {
      if let enough = RemovalBudget.sufficient(wanted: wanted, spent: spending.all, policy: policy) {
        if let known = atLeast[kind], known >= enough { return nil }
        let found = try await countSome(kind, upTo: enough)
        if found >= enough {
          if !isForecast { countAhead(kind) }
          return nil
        }
        managed[kind] = found
      } else {
        managed[kind] = try await count(kind, nil)
      }
    }
    let decision = RemovalBudget.decide(
      wanted: wanted, managed: managed[kind] ?? 0, spent: spending.all, disabled: spending.disabled, policy: policy,
      holding: holding)
    guard case .held(let reason) = decision else { return nil }
    return reason
  }
}
