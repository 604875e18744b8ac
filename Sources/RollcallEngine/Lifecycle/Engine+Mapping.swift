internal import Postgres
internal import Reactor
internal import RollcallConfiguration
internal import RollcallCore
internal import RollcallLedger

/// The parts of the mapping that are no part of a row: what they fail with is a problem of the directory.
extension Engine {
  /// Readers of the log for the queries of `source.watch`; those of before have ended.
  func keyQueryReaders() -> [KeyQueryReader] {
    configuration.keyQueries.enumerated().map { place, query in
      noteMapping(query.path, nil)
      let log = ChangeLog(sessions.changed, sources, hasCommitTimes: dispatcher.counting.hasCommitTimes)
      let reader = KeyQueryReader(query, place: place, roster, log, sessions.keys, dispatcher, events)
      reader.onProblem = { [weak self] reason in
        guard let reason else {
          self?.noteMapping(query.path, nil)
          return
        }
        let message = "whom changes of \(query.table) concern cannot be found, and they wait: \(reason)"
        self?.noteMapping(
          query.path, message,
          fix:
            "correct \(query.path), or the row for which it fails; rollcall check says whether the query is accepted")
        self?.onIncomplete?(.refused("\(query.path): \(message)"))
      }
      return reader
    }
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
