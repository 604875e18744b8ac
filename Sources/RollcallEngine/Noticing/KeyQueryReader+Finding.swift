internal import Postgres
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// Finds the people whom rows concern.
extension KeyQueryReader {
  /// Queues the people of some rows; rows for which the query fails are found by halving them.
  ///
  /// - Returns: false if a row's key is no value of the column's type any more: then nobody knows whom it concerns.
  func find(
    _ rows: [ChangedRow], _ type: WatchedType, _ epoch: Epoch, _ failures: inout [Aside]
  ) async throws(EngineError) -> Bool {
    do throws(EngineError) { try await queue(rows, type) } catch {
      guard KeyQueryReader.isOfRows(error) else { throw error }
      if rows.count == 1 {
        if try await !areValues(rows, type) { return false }
        failures.append(Aside(row: rows[0], epoch: epoch, failure: error))
        if failures.count > KeyQueryReader.mostFailures || failures.count + aside.count > KeyQueryReader.mostAside {
          throw error
        }
        return true
      }
      for half in [rows[..<(rows.count / 2)], rows[(rows.count / 2)...]] {
        guard try await find(Array(half), type, epoch, &failures) else { return false }
      }
    }
    return true
  }

  /// Queues the people whom these rows concern, page by page.
  func queue(_ rows: [ChangedRow], _ type: WatchedType) async throws(EngineError) {
    let keys = SQLText.array(rows.map(\.key))
    let isPlain = rows.allSatisfy(\.isPlain)
    var origin = rows[0].origin
    for row in rows.dropFirst() { origin.merge(row.origin) }
    var last: String?
    while true {
      guard await dispatcher.room(), !hasStopped, let window = current else { throw .standby }
      let found = try await session.read(
        query.people(type), [keys, last], limit: KeyQueryReader.limit, timeout: KeyQueryReader.limit + .seconds(4))
      if hasStopped { throw .standby }
      current?.found += found.rowCount
      // A few go ahead of bulk work.
      let priority: Priority = window.found + found.rowCount <= Sweeper.small ? .retry : .sweep
      for row in 0..<found.rowCount {
        guard let key = found.key(row, 0) else { continue }
        dispatcher.add(
          key, priority, epoch: window.epoch, removalBatch: window.removalBatch, isPlain: isPlain, origin: origin)
      }
      dispatcher.counting.counters.changes[.sweep]? += found.rowCount
      dispatcher.pump()
      guard found.rowCount == KeyQuery.page else { return }
      last = found.text(found.rowCount - 1, 0)
    }
  }

  /// Whether the keys of these rows are still values of the column's type.
  private func areValues(_ rows: [ChangedRow], _ type: WatchedType) async throws(EngineError) -> Bool {
    do throws(EngineError) {
      _ = try await session.read(query.values(type), [SQLText.array(rows.map(\.key))], limit: KeyQueryReader.limit)
      return true
    } catch {
      guard case .database(let failure) = error, RosterFailure.isOfRow(failure) else { throw error }
      return false
    }
  }

  /// Whether fewer rows may not fail: an error of the data, or too much time.
  private static func isOfRows(_ error: EngineError) -> Bool {
    guard case .database(let failure) = error, failure.kind == .server else { return false }
    return RosterFailure.isOfRow(failure) || failure.sqlState == "57014"
  }
}
