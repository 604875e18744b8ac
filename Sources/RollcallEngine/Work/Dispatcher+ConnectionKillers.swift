internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// Keys whose operations were in flight each time that a connection was lost.
///
/// A server may close the connection because of an operation (a message beyond an unknown limit), and so every key's
/// operations would be lost again and again. A key that was in flight twice is tried alone; a key that loses the
/// connection alone is parked for a while, longer each time.
struct ConnectionKillers {
  private static let losses = 2

  private var counts: [RosterKey: Int] = [:]
  /// Keys to try alone.
  var queue: [RosterKey] = []
  /// Whether the last turn was one of these: the other keys come next.
  var isOthersTurn = false

  func contains(_ key: RosterKey) -> Bool { counts[key].map { $0 >= ConnectionKillers.losses } ?? false }

  mutating func lost(_ keys: some Sequence<RosterKey>) { for key in keys { counts[key, default: 0] += 1 } }

  mutating func clear(_ key: RosterKey) { counts[key] = nil }
}

extension Dispatcher {
  /// Removes suspects from a batch, which may then be empty.
  func withoutConnectionKillers(_ batch: Batch) -> Batch {
    guard batch.keys.contains(where: connectionKillers.contains) else { return batch }
    connectionKillers.queue += batch.keys.filter(connectionKillers.contains)
    return Batch(keys: batch.keys.filter { !connectionKillers.contains($0) }, priority: batch.priority)
  }

  /// Records the keys that were in flight when the connection was lost; a key that was alone is parked.
  func watchForConnectionKillers(_ batch: Batch, _ report: inout WorkReport, isAlone: Bool) {
    guard case .directory(let error)? = report.trouble, UnknownOutcomes.isUnknown(error.code) else { return }
    let keys = Set(report.unknown.map(\.key))
    connectionKillers.lost(keys)
    guard isAlone, let key = batch.keys.first, keys.contains(key), let step = report.unknown.first else { return }
    let attempts = state.attempts(of: key) + 1
    // Each attempt loses the connection for all keys.
    let backoff = Backoff(base: .seconds(10), cap: .seconds(3600))
    let delay = backoff.delay(attempt: attempts, random: Double.random(in: 0..<1))
    let problem = Problem(
      .refused,
      "key \(key): the connection is lost whenever \(step.what.rawValue) of \(step.operation.dn.text) is sent alone: "
        + "\(error.summary); does the server take a message of that size?", code: error.code.rawValue)
    report.verdicts[key] = .parked(problem, attempts: attempts, retryAfter: delay / .seconds(1))
  }
}
