internal import Postgres
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// What stretches that have not been read completely mean for removals that are noticed elsewhere.
extension KeyQueryReader {
  /// Those of these keys that stretches concern which have not been read completely.
  ///
  /// - Parameter log: on another session than this reader's, whose statements may take long.
  func unread(
    _ keys: [RosterKey], _ log: ChangeLog
  ) async throws(EngineError) -> [RosterKey: UnreadWindow] {
    var found: [RosterKey: UnreadWindow] = [:]
    for window in [current].compactMap({ $0 }) + waiting where !window.after.isEmpty {
      let rows = try await log.rows(ofQuery: place, after: window.after, upTo: window.upTo)
      guard let rows, !rows.contains(where: \.key.isTooLong) else {
        // It may be anybody, but of a leaver's own change that does not decide.
        for key in keys where found[key] == nil {
          found[key] = UnreadWindow(removalBatch: window.removalBatch, isPlain: true)
        }
        continue
      }
      for isPlain in [false, true] {
        let some = rows.filter { $0.isPlain == isPlain }
        if some.isEmpty { continue }
        for key in try await people(some, among: keys) where found[key]?.isPlain != false {
          found[key] = UnreadWindow(removalBatch: window.removalBatch, isPlain: isPlain)
        }
      }
    }
    return found
  }

  /// How much of what an epoch and those before it have waits for a query that fails: rows that are set aside, stretches
  /// that cannot be read, and people of these on whose removal their batches have yet to decide.
  func stuck(upTo epoch: Epoch) -> Int {
    var epochs = aside.values.map(\.epoch)
    guard isFailing else { return epochs.count { $0 <= epoch } }
    let windows = ([current].compactMap { $0 } + waiting).filter { !$0.after.isEmpty }
    epochs += windows.map(\.epoch)
    let undecided = dispatcher.queue.owed(to: Set(windows.map(\.removalBatch)), upTo: epoch)
    return epochs.count { $0 <= epoch } + undecided
  }

  /// Nobody where the query fails: a removal that is noticed elsewhere does not wait for its repair.
  private func people(
    _ rows: [ChangedRow], among keys: [RosterKey]
  ) async throws(EngineError) -> [RosterKey] {
    do throws(EngineError) {
      let session = roster.database
      let type = try await query.prepare(session, roster: try await roster.resolveKeyType())
      let found = try await session.read(
        query.people(type, among: keys), [SQLText.array(rows.map(\.key)), SQLText.array(keys)],
        limit: .seconds(10), timeout: .seconds(14))
      return (0..<found.rowCount).compactMap { found.key($0, 0) }
    } catch {
      if case .database(let failure) = error, failure.isConnectionLost { throw error }
      return []
    }
  }
}
