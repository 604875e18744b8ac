internal import LDAP
internal import LDAPModel
internal import Postgres
internal import Reactor
internal import RollcallCore

/// Lets removals through or holds them (the removal budget).
///
/// A window of the log and a comparison gather their removals and are decided as a whole once they are read to the end;
/// a removal is decided by itself only where no batch is known that it is a part of.
@Reactor @safe
final class Gatekeeper {
  private struct Open {
    var removals: [RemovalKind: [RosterKey: Removal]] = [:]
    var holding: RemovalBudget.Reason?
    /// A window of the log: it has named all keys itself.
    var isOfTheLog: Bool
  }

  /// What a gathering's decision was.
  struct Decision: Sendable {
    /// The keys whose removal may go on.
    var allowed: [RosterKey] = []
    /// Those that are held from now on.
    var held: [Removal] = []
  }

  private let policy: RemovalPolicy
  private let state: LedgerState
  private var open: [Gathering: Open] = [:]
  private var last: Gathering = 0
  /// Keys whose removal a gathering's decision has allowed and paid for.
  private var allowed: [RemovalKind: Set<RosterKey>] = [:]
  private var isPaying = false
  private var payers: [UnsafeContinuation<Void, Never>] = unsafe []
  /// Knows which gatherings a key belongs to.
  weak var provisioner: Provisioner?
  /// The comparison of everybody that is wanted or under way.
  var comparison = ComparisonWatch()
  /// Entries with a link that are there, and memberships in managed groups; none until somebody has counted.
  var managed: [RemovalKind: Int] = [:]
  /// Counts them in the directory, up to about a limit or all of them.
  var count: @Reactor (_ kind: RemovalKind, _ limit: Int?) async throws(EngineError) -> Int = {
    _, _ throws(EngineError) in 0
  }
  /// Looks at the log, so that whatever has removed a row by now is known; gives the windows that are not read yet
  /// and name some of these keys.
  var catchUp: @Reactor (_ keys: [RosterKey]) async throws(EngineError) -> [RosterKey: Gathering] = {
    _ throws(EngineError) in [:]
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
  func begin(holding: RemovalBudget.Reason? = nil, isOfTheLog: Bool = false) -> Gathering {
    last += 1
    open[last] = Open(holding: holding, isOfTheLog: isOfTheLog)
    return last
  }

  /// Decides over a gathering that has been read to the end.
  func decide(_ gathering: Gathering) async throws(EngineError) -> Decision {
    guard let found = open[gathering] else { return Decision() }
    var decision = Decision()
    for kind in RemovalKind.allCases {
      let removals = (found.removals[kind] ?? [:]).values
        .filter { state.held($0.key, kind) == nil && !isAllowed($0) }.sorted { $0.key < $1.key }
      // What another batch takes away too goes when both are decided; this one counts it all the same.
      let own = removals.filter { gatherings(of: $0.key).allSatisfy { $0 == gathering || open[$0] == nil } }
      if try await pay(own, among: removals, kind, holding: found.holding) != nil {
        decision.held += removals
      } else {
        let keys = own.map(\.key)
        decision.allowed += keys
        allowed[kind, default: []].formUnion(keys)
      }
    }
    open[gathering] = nil
    provisioner?.queue.decided(gathering)
    return decision
  }

  private func isAllowed(_ removal: Removal) -> Bool { allowed[removal.action.kind]?.contains(removal.key) ?? false }

  /// Drops a gathering whose reading came to nothing; what it would have decided is found again by the next.
  func abandon(_ gathering: Gathering) {
    open[gathering] = nil
    provisioner?.queue.abandon(gathering)
  }

  private func gatherings(of key: RosterKey) -> [Gathering] { provisioner?.queue.gatherings.of(key) ?? [] }

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
    let strangers = removals.map(\.key).filter { key in !gatherings(of: key).contains { isOfTheLog($0) } }
    if strangers.isEmpty { return }
    // A row that is missing was taken away before it was read. So the batch that has done so, if it was one, is known
    // after this look.
    for (key, window) in try await catchUp(strangers) { provisioner?.queue.join(key, window) }
  }

  /// Leaves a removal to the batches that it is a part of; false where there are none.
  private func waits(for removal: Removal) -> Bool {
    let key = removal.key
    let isLogged = provisioner?.queue.isUrgent(key) == true || gatherings(of: key).contains { isOfTheLog($0) }
    switch comparison.ruling(on: key, isLogged: isLogged) {
    case .passes: break
    case .waits: return true
    case .joins(let gathering): provisioner?.queue.join(key, gathering)
    }
    let gatherings = gatherings(of: key)
    for gathering in gatherings { open[gathering]?.removals[removal.action.kind, default: [:]][key] = removal }
    return !gatherings.isEmpty
  }

  private func isOfTheLog(_ gathering: Gathering) -> Bool { open[gathering]?.isOfTheLog ?? false }

  /// Forgets what was gathered for keys that turned out to keep what they have.
  func keep(_ keys: [RosterKey], _ kind: RemovalKind = .people) {
    for gathering in open.keys where open[gathering]?.removals[kind]?.isEmpty == false {
      for key in keys { open[gathering]?.removals[kind]?[key] = nil }
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
  func refusal(
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

extension RemovalPolicy {
  init(_ removals: Configuration.Removals) {
    self.init(
      most: Double(removals.most.basisPoints) / 100, least: removals.least, within: removals.within)
  }
}
