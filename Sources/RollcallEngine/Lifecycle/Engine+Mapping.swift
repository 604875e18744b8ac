internal import Postgres
internal import Reactor
internal import RollcallConfiguration
package import RollcallCore
internal import RollcallLedger

/// The parts of the mapping that are no part of a row: what they fail with is a problem of the directory.
extension Engine {
  /// Readers of the log for the queries of `source.watch`; those of before have ended.
  func keyQueryReaders() -> [KeyQueryReader] {
    configuration.keyQueries.enumerated().map { place, query in
      noteMapping(query.path, nil)
      let log = ChangeLog(sessions.changed, sources, hasCommitTimes: dispatcher.counting.hasCommitTimes)
      let reader = KeyQueryReader(query, place: place, roster, log, sessions.keys, dispatcher, events)
      reader.onRows = { [weak self] rows in self?.groupReferences?.changed(rows) }
      reader.onProblem = { [weak self] reason in
        guard let reason else {
          self?.noteMapping(query.path, nil)
          return
        }
        self?.noteMapping(
          query.path, Engine.message(query, reason),
          fix:
            "correct \(query.path), or the row for which it fails; rollcall check says whether the query is accepted")
      }
      return reader
    }
  }

  private static func message(_ query: KeyQuery, _ reason: String) -> String {
    "whom changes of \(query.table) concern cannot be found, and they wait: \(reason)"
  }

  /// Which query of `source.watch` fails, and why, if nothing of an epoch and those before it is left but what waits for it.
  package func stuck(upTo epoch: Epoch) -> String? {
    let failing = (sweeper?.keyQueries ?? []).filter { $0.failure != nil && $0.stuck(upTo: epoch) > 0 }
    guard let first = failing.first, let reason = first.failure,
      dispatcher.queue.epochs.unsettled(upTo: epoch) <= failing.reduce(0, { $0 + $1.stuck(upTo: epoch) })
    else { return nil }
    return "\(first.query.path): \(Engine.message(first.query, reason))"
  }

  /// Reports why a part of the mapping fails; nil: it works.
  func noteMapping(_ path: String, _ message: String?, fix: String = "") {
    mappingFailures[path] = message.map { ($0, fix) }
    let failures = mappingFailures.sorted { $0.key < $1.key }
    guard let first = failures.first else { return problems.clear(.mapping) }
    problems.set(
      .mapping, message: failures.map { "\($0.key): \($0.value.message)" }.joined(separator: "; "), fix: first.value.fix
    )
  }
}
