internal import LDAPModel
internal import RollcallCore
internal import RollcallLedger

/// A plan for display, by the shell that made it or by one that has asked the daemon; it contains no password.
package struct PlanReport: Codable, Sendable {
  package struct Operation: Codable, Sendable {
    package var key: String
    package var what: String
    package var dn: String
    /// A change record.
    package var ldif: String
  }

  package struct Held: Codable, Sendable {
    package var key: String
    package var action: String
    package var dn: String
    /// Why it would be held; nil if it already is.
    package var reason: String?
    package var isGroup = false

    package var isTakeover: Bool { action == Takeover.action }
  }

  package struct Parked: Codable, Sendable {
    package var key: String
    package var reason: String
    package var code: Int?
    package var message: String
  }

  package struct Pinned: Codable, Sendable {
    package var key: String
    package var because: String
    package var actor: String
    package var since: String
    package var until: String?
    package var removal: String?
    /// Whether something would be done otherwise.
    package var isWaiting: Bool
  }

  package struct Waiting: Codable, Sendable {
    package var key: String
    /// The key that it waits for, and what that one has.
    package var holder: String
    package var dn: String
  }

  package var operations: [Operation]
  /// Removals, then takeovers.
  package var held: [Held]
  /// Keys that cannot be planned for.
  package var parked: [Parked]
  /// Keys of the plan that are currently parked.
  package var setAside: [StatusReport.Parked]
  /// The pinned ones of the keys that were looked at.
  package var pinned: [Pinned]
  package var waiting: [Waiting]
  /// The reasons for named keys for which there is nothing to do, and why whom groups refer to cannot be planned for.
  package var standings: [String]
  /// What happens at its time until a given date; nil where nobody has asked for it.
  package var due: [ComingChange]?
  /// Whether a key was named that neither side knows.
  package var hasUnknown: Bool

  package init(_ result: Rehearsal.Result) {
    operations = result.plan.sequences.flatMap(\.steps).map { step in
      Operation(
        key: step.key.text, what: step.what.rawValue, dn: step.operation.dn.text, ldif: LDIF.change(step.operation))
    }
    let foretold = result.foretold
    held =
      result.held.sorted { $0.key < $1.key }.map {
        Held(key: $0.key.text, action: $0.action.rawValue, dn: $0.dn.text, reason: foretold[$0.key])
      }
      + result.takeovers.sorted { $0.dn.text < $1.dn.text }.map {
        Held(key: $0.subject.text, action: Takeover.action, dn: $0.dn.text, isGroup: $0.isGroup)
      }
    parked = result.parked.sorted { $0.key < $1.key }.map { key, problem in
      Parked(
        key: key.text, reason: problem.reason.rawValue, code: problem.code.map(Int.init), message: problem.message)
    }
    setAside = result.setAside.values.sorted { $0.key < $1.key }
    pinned = result.pinned.sorted { $0.key < $1.key }.map { key, found in
      Pinned(
        key: key.text, because: found.pin.because, actor: found.pin.actor, since: found.pin.since,
        until: found.pin.until,
        removal: found.pin.removal?.rawValue, isWaiting: found.isWaiting)
    }
    waiting = result.plan.blocked.sorted { $0.key < $1.key }.map { key, blocker in
      Waiting(key: key.text, holder: blocker.key.text, dn: blocker.dn.text)
    }
    standings = result.standings.map { "\($0)" } + result.failingReferences.map(\.message)
    hasUnknown = !result.unknown.isEmpty
  }

  /// The number of held actions that would be new.
  package var foretold: Int { held.count { $0.reason != nil } }

  /// Whether nothing is to be done, and nothing would be if no key were pinned.
  package var isEmpty: Bool {
    operations.isEmpty && held.isEmpty && parked.isEmpty && setAside.isEmpty && waiting.isEmpty
      && !pinned.contains(where: \.isWaiting) && due?.isEmpty != false
  }

  /// Whether there is nothing to print.
  package var isBlank: Bool { isEmpty && pinned.isEmpty }
}
