internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// Keys whose operations were on their way each time when a connection was lost.
///
/// A server may drop the connection for what it is sent (a message beyond a limit that nobody told us), and so would
/// lose everybody's operations again and again. Who was there twice is tried alone; who loses the connection alone is
/// set aside for a while, longer each time.
struct ConnectionKillers {
  private static let losses = 2

  private var counts: [RosterKey: Int] = [:]
  /// Keys that are to be tried alone.
  var queue: [RosterKey] = []
  /// The last turn was one of these: the others come next.
  var isOthersTurn = false

  func contains(_ key: RosterKey) -> Bool { counts[key].map { $0 >= ConnectionKillers.losses } ?? false }

  mutating func lost(_ keys: some Sequence<RosterKey>) { for key in keys { counts[key, default: 0] += 1 } }

  mutating func clear(_ key: RosterKey) { counts[key] = nil }
}

extension Dispatcher {
  /// Keeps suspects out of a batch; what is left may be nothing.
  func withoutConnectionKillers(_ batch: Batch) -> Batch {
    guard batch.keys.contains(where: connectionKillers.contains) else { return batch }
    connectionKillers.queue += batch.keys.filter(connectionKillers.contains)
    return Batch(keys: batch.keys.filter { !connectionKillers.contains($0) }, priority: batch.priority)
  }

  /// Notes who was there when the connection was lost; who was alone is set aside.
  func watchForConnectionKillers(_ batch: Batch, _ report: inout WorkReport, isAlone: Bool) {
    guard case .directory(let error)? = report.trouble, UnknownOutcomes.isUnknown(error.code) else { return }
    let keys = Set(report.unknown.map(\.key))
    connectionKillers.lost(keys)
    guard isAlone, let key = batch.keys.first, keys.contains(key), let step = report.unknown.first else { return }
    let attempts = state.attempts(of: key) + 1
    // Each attempt costs everybody a connection.
    let backoff = Backoff(base: .seconds(10), cap: .seconds(3600))
    let delay = backoff.delay(attempt: attempts, random: Double.random(in: 0..<1))
    let problem = Problem(
      .refused,
      "key \(key): the connection is lost whenever \(step.what.rawValue) of \(step.operation.dn.text) is sent alone: "
        + "\(error.summary); does the server take a message of that size?", code: error.code.rawValue)
    report.verdicts[key] = .parked(problem, attempts: attempts, retryAfter: delay / .seconds(1))
  }
}
