internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// Writes changes of one group in one modify, and handles the consequences.
@Reactor
final class GroupWriter {
  /// Attempts with a read in between; each may meet another conflict.
  private static let tries = 4

  let planner: GroupPlanner
  let finder: GroupFinder
  let registry: GroupRegistry
  let attributes: GroupAttributes
  let link: DirectoryLink
  /// The minimum number of members, without the placeholder, of groups that a placeholder keeps from being empty.
  var others: [GroupName: Int] = [:]
  /// Called when a group that existed is missing: members other than those of the batch are missing from it.
  var onRemade: (@Reactor (GroupName) -> Void)?

  init(
    _ planner: GroupPlanner, finder: GroupFinder, registry: GroupRegistry, attributes: GroupAttributes,
    link: DirectoryLink
  ) {
    self.planner = planner
    self.finder = finder
    self.registry = registry
    self.attributes = attributes
    self.link = link
  }

  /// Applies changes to a group; returns one outcome per change, in order.
  ///
  /// - Throws: ``EngineError`` if a side is lost; the next attempt finds what was done.
  func write(
    _ changes: [GroupChange], to group: GroupName, _ lane: DirectoryLink.Lane
  ) async throws(EngineError) -> [GroupOutcome] {
    var delta = GroupDelta(changes, planner)
    var tries = 0
    while true {
      if delta.isEmpty { return try await unchanged(changes, group, lane) }
      guard
        let refusal = try await send(.modify(group.dn, delta.modifications(of: planner.rules.member)), lane)
      else { return try await settled(changes, group, delta, lane) }
      tries += 1
      guard tries < GroupWriter.tries else { return try await apart(changes, group, lane, refusal) }
      switch refusal.code {
      case .noSuchObject:
        // Active Directory returns the same code for a member that does not exist.
        let session = try reading(lane)
        if try await !finder.existing([group], session).isEmpty {
          return try await apart(changes, group, lane, refusal)
        }
        delta = delta.remaining([], planner)
        if delta.isEmpty { return changes.map { _ in .done([]) } }
        if let outcomes = try await make(group, delta, changes, lane) { return outcomes }
      // Another client was faster. Active Directory has its own codes for that.
      case .noSuchAttribute, .attributeOrValueExists, .entryAlreadyExists, .unwillingToPerform:
        let left = try await remaining(delta, group, lane, isFirst: tries == 1)
        if left == delta { return try await apart(changes, group, lane, refusal) }
        delta = left
      case .objectClassViolation where delta.added.isEmpty:
        return try await withoutLast(changes, group, delta, lane, refusal)
      default: return try await apart(changes, group, lane, refusal)
      }
    }
  }

  /// Handles changes without effect; an empty change asks whether the group is still needed.
  private func unchanged(
    _ changes: [GroupChange], _ group: GroupName, _ lane: DirectoryLink.Lane
  ) async throws(EngineError) -> [GroupOutcome] {
    var outcomes: [GroupOutcome] = changes.map { _ in .done([]) }
    let asks = changes.contains { $0.removed.isEmpty && $0.added.isEmpty }
    if asks, try await isToGo(group, lane) { try await drop(group, &outcomes, changes, lane) }
    return outcomes
  }

  /// The remaining changes: checked value by value to avoid reading the list, and with the list if necessary.
  private func remaining(
    _ delta: GroupDelta, _ group: GroupName, _ lane: DirectoryLink.Lane, isFirst: Bool
  ) async throws(EngineError) -> GroupDelta {
    let session = try reading(lane)
    if isFirst {
      let present = try await finder.present(delta.removed + delta.added, in: group, session)
      let left = delta.remaining(present, planner)
      if left != delta { return left }
    }
    guard let members = try await finder.members(of: group, session) else { return delta }
    return delta.remaining(members: members, planner)
  }

  /// Applies each change separately, so that a refused one does not affect the others.
  private func apart(
    _ changes: [GroupChange], _ group: GroupName, _ lane: DirectoryLink.Lane, _ refusal: LDAPError
  ) async throws(EngineError) -> [GroupOutcome] {
    if changes.count == 1 { return [.refused(step(changes[0]), refusal)] }
    var outcomes: [GroupOutcome] = []
    for change in changes { outcomes += try await write([change], to: group, lane) }
    return outcomes
  }

  /// The consequences of a successful modify for the group.
  private func settled(
    _ changes: [GroupChange], _ group: GroupName, _ delta: GroupDelta, _ lane: DirectoryLink.Lane
  ) async throws(EngineError) -> [GroupOutcome] {
    if let count = others[group] { others[group] = count + delta.added.count - delta.removed.count }
    var outcomes = changes.map { GroupOutcome.done([step($0)]) }
    if !delta.removed.isEmpty, delta.added.isEmpty, try await isToGo(group, lane) {
      try await drop(group, &outcomes, changes, lane)
    }
    return outcomes
  }

  // MARK: Sending

  func step(_ change: GroupChange) -> Step { change.step(member: planner.rules.member) }

  func reading(_ lane: DirectoryLink.Lane) throws(EngineError) -> LDAPSession {
    try link.session(lane == .fast ? .fast : .reading)
  }

  /// Sends one operation.
  ///
  /// - Returns: the server's refusal; nil if there was none.
  /// - Throws: ``EngineError`` if the error says nothing about the group.
  func send(_ operation: Operation, _ lane: DirectoryLink.Lane) async throws(EngineError) -> LDAPError? {
    let step = Step(key: "", operation: operation, what: .update)
    let outcomes = try await link.lane(lane).apply([Plan.Sequence(steps: [step])])
    guard let error = outcomes.first?.failure else { return nil }
    switch error.meaning(during: ErrorClassifier.Activity(operation)) {
    case .connectionLost, .ofTheDirectory, .search: throw .directory(error)
    case .busy, .ambiguous, .repairable, .ofTheEntry, .access: return error
    }
  }
}
