internal import LDAP
internal import LDAPModel
internal import Postgres
internal import Reactor
internal import RollcallCore

/// Lets removals through or holds them (the removal budget).
///
/// A window of the log and a reconcile gather their removals and are decided as a whole once they are read to the end;
/// the few of a small notification are decided at once.
@Reactor @safe
final class Gatekeeper {
  private struct Open {
    var removals: [RosterKey: Removal] = [:]
    var isFirstReconcile: Bool
  }

  private let policy: RemovalPolicy
  private let state: LedgerState
  private var open: [Gathering: Open] = [:]
  private var last: Gathering = 0
  /// Keys whose removal a gathering's decision has allowed and paid for.
  private var allowed: Set<RosterKey> = []
  private var isPaying = false
  private var payers: [UnsafeContinuation<Void, Never>] = unsafe []
  /// Entries with a link that are there; nil until somebody has counted.
  var managed: Int?
  /// Counts the managed entries in the directory, up to about a limit or all of them.
  var count: @Reactor (_ limit: Int?) async throws(EngineError) -> Int = { _ throws(EngineError) in 0 }

  init(_ policy: RemovalPolicy, _ state: LedgerState) {
    self.policy = policy
    self.state = state
  }

  // MARK: Gatherings

  func begin(isFirstReconcile: Bool = false) -> Gathering {
    last += 1
    open[last] = Open(isFirstReconcile: isFirstReconcile)
    return last
  }

  /// Decides over a gathering that has been read to the end.
  ///
  /// - Returns: the keys whose removal may go on, and those that are held from now on.
  func decide(_ gathering: Gathering) async throws(EngineError) -> (allowed: [RosterKey], held: [Removal]) {
    guard let found = open[gathering] else { return ([], []) }
    let removals = found.removals.values.filter { state.held[$0.key] == nil && !allowed.contains($0.key) }
      .sorted { $0.key < $1.key }
    let free = try await pay(removals, isFirstReconcile: found.isFirstReconcile)
    open[gathering] = nil
    guard free else { return ([], removals) }
    let keys = removals.map(\.key)
    allowed.formUnion(keys)
    return (keys, [])
  }

  /// Drops a gathering whose reading came to nothing; what it would have decided is found again by the next.
  func abandon(_ gathering: Gathering) { open[gathering] = nil }

  // MARK: Single removals

  /// Which of a plan's removals must not happen now.
  ///
  /// - Parameter gathering: says where a key's removal is gathered, if it is.
  func withhold(
    _ removals: [Removal], gathering: (RosterKey) -> Gathering?
  ) async throws(EngineError) -> Set<RosterKey> {
    var withheld: Set<RosterKey> = []
    var held: [Removal] = []
    var direct: [Removal] = []
    for removal in removals {
      if allowed.contains(removal.key) { continue }
      if let hold = state.held[removal.key] {
        if hold.isApproved, hold.action == removal.action { continue }
        withheld.insert(removal.key)
        held.append(removal)
      } else if let gathering = gathering(removal.key) {
        open[gathering]?.removals[removal.key] = removal
        withheld.insert(removal.key)
      } else {
        direct.append(removal)
      }
    }
    try await state.hold(held)
    if try await !pay(direct, isFirstReconcile: false) { withheld.formUnion(direct.map(\.key)) }
    return withheld
  }

  /// Forgets what was gathered for keys that turned out to stay.
  func keep(_ keys: [RosterKey]) {
    for gathering in open.keys where open[gathering]?.removals.isEmpty == false {
      for key in keys { open[gathering]?.removals[key] = nil }
    }
  }

  /// Notes that a key has been looked at to the end: an allowance is used or not needed any more.
  func settled(_ key: RosterKey) { allowed.remove(key) }

  /// Keeps the count of managed entries.
  func applied(_ step: Step) {
    switch step.what {
    case .create, .adopt: managed = managed.map { $0 + 1 }
    case .delete: managed = managed.map { $0 - 1 }
    default: break
    }
  }

  // MARK: Budget

  /// Takes removals from the budget, or holds all of them; one after the other, as each changes what is left.
  private func pay(_ removals: [Removal], isFirstReconcile: Bool) async throws(EngineError) -> Bool {
    if removals.isEmpty { return true }
    while isPaying { unsafe await withUnsafeContinuation { unsafe payers.append($0) } }
    isPaying = true
    defer {
      isPaying = false
      // Resuming only enqueues a job, so nobody is added meanwhile.
      while let payer = unsafe payers.popLast() { unsafe payer.resume() }
    }
    if try await mayGo(removals, isFirstReconcile) {
      try await state.ledger.spend(removals.map(\.key))
      return true
    }
    try await state.hold(removals)
    return false
  }

  private func mayGo(_ removals: [Removal], _ isFirstReconcile: Bool) async throws(EngineError) -> Bool {
    // Switched off.
    if policy.most >= 100 { return true }
    let seconds = Double(policy.within.components.seconds)
    let spending = try await state.ledger.spending(within: seconds, of: removals.map(\.key))
    let wanted = removals.count - spending.paid
    if managed == nil, !isFirstReconcile, wanted > 0 {
      let limit = RemovalBudget.sufficient(wanted: wanted, spent: spending.all, policy: policy)
      let found = try await count(limit)
      if let limit, found >= limit { return true }
      managed = found
    }
    let decision = RemovalBudget.decide(
      wanted: wanted, managed: managed ?? 0, spent: spending.all, disabled: spending.disabled, policy: policy,
      firstReconcile: isFirstReconcile)
    return decision == .allowed
  }
}

extension RemovalPolicy {
  init(_ removals: Configuration.Removals) {
    self.init(
      most: Double(removals.most.basisPoints) / 100, least: removals.least, within: removals.within)
  }
}
