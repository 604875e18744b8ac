internal import Reactor
internal import RollcallConfiguration
internal import RollcallCore
internal import RollcallEngine
internal import RollcallLedger

/// What an operator of a web page wants done, as `rollcall.act` writes it down.
///
/// The daemon does it with its own rights, in the ways that the commands have, so that whoever may call that function
/// needs no right to write anything.
struct OperatorOrder: Codable, Sendable {
  enum Action: String, Codable, Sendable {
    case release, retry, pin, unpin, sync
  }

  var action: Action
  var keys: [RosterKey]
  /// The id of a held set: exactly this set is released.
  var set: String?
  var dn: String?
  /// Keys that are parked for this reason are tried again.
  var reason: String?
  /// When a pin ends; nil: when somebody unpins.
  var until: String?
  var because: String?
  /// With the role that asked.
  var actor: String
}

/// What came of it.
package struct OperatorOutcome: Codable, Sendable, Equatable {
  /// Whom it concerned.
  package var keys: [String]
  /// Keys that were named and are not parked, held or pinned.
  package var unknown: [String]
}

extension OperatorOrder {
  @Reactor
  func carryOut(_ configuration: Configuration) async throws(EngineError) -> OperatorOutcome {
    switch action {
    case .release, .retry:
      let actions = try OperatorActions(configuration, for: actor, because: because)
      defer { actions.close() }
      let outcome = try await carryOut(actions)
      return OperatorOutcome(keys: outcome.keys.map(\.text), unknown: outcome.unknown.map(\.text))
    case .pin:
      guard let because, !keys.isEmpty else { throw .refused("pinning requires keys and a reason") }
      let actions = try PinActions(configuration)
      defer { actions.close() }
      _ = try await actions.order(keys, because: because, actor: actor, until: until)
      return OperatorOutcome(keys: keys.map(\.text), unknown: [])
    case .unpin:
      let ledger = try Ledger(configuration)
      defer { ledger.database.close() }
      let ended = try await ledger.unpin(keys, actor: actor, because: because).keys
      return OperatorOutcome(
        keys: ended.map(\.text), unknown: Set(keys).subtracting(ended).sorted().map(\.text))
    case .sync:
      if keys.isEmpty { throw .refused("no key was given") }
      let ledger = try Ledger(configuration)
      defer { ledger.database.close() }
      _ = try await ledger.ask(.keys, try LedgerText.encode(keys))
      return OperatorOutcome(keys: keys.map(\.text), unknown: [])
    }
  }

  @Reactor
  private func carryOut(_ actions: OperatorActions) async throws(EngineError) -> OperatorActions.Outcome {
    if action == .retry {
      // Without keys all that are parked, as the command does.
      return if let reason { try await actions.retry(parkedFor: reason) } else { try await actions.retry(keys) }
    }
    if let set { return try await actions.release(set: set) }
    if let dn { return try await actions.release(dn: dn) }
    // Without keys nothing is done: "all of them" has an id.
    return keys.isEmpty ? OperatorActions.Outcome(keys: [], unknown: []) : try await actions.release(keys)
  }
}
