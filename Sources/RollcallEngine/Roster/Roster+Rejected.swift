internal import Postgres
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// A mapping that PostgreSQL rejects, with rows or without: a function that it calls was dropped.
///
/// Nobody's values can be read then. Whether a row is there, in scope and active is known without them, so leavers do
/// not wait until the mapping is mended.
extension Roster {
  /// A failing pass ends the others' work, so it waits for those that do not need the mapping.
  private static let rest: Duration = .seconds(1)
  /// The keys of a pass at most: of a comparison's pages, inactive people are not parked for a failure of all rows.
  private static let few = Dispatcher.bulkBatch

  func restForLeavers() async { try? await Reactor.sleep(for: Roster.rest) }

  /// What is known of these keys without their values; the others are postponed.
  ///
  /// - Throws: the failure of the mapping, if that is nothing.
  func fetchWithoutValues(_ keys: [RosterKey], _ failure: EngineError) async throws(EngineError) -> RosterPage {
    guard case .database(let rejection) = failure, rejection.sqlState?.hasPrefix("42") == true,
      let type = await keyTypeAlone(), let rows = await flags(keys.filter { type.admits($0) && !$0.isTooLong }, type)
    else { throw failure }
    var page = RosterPage()
    for key in keys {
      guard type.admits(key), !key.isTooLong else {
        page.postponed.append(key)
        continue
      }
      // Without a row, it is missing in the answers.
      guard let row = rows[key] else { continue }
      if !row.inScope {
        page.answers[key] = .row(RosterRow(key: key, inScope: false, active: false, values: []))
      } else if !row.active, keys.count <= Roster.few {
        page.answers[key] = .problem(RosterFailure.rejected(key, rejection), active: false)
      } else {
        page.postponed.append(key)
      }
    }
    if page.postponed.count < keys.count { return page }
    await restForLeavers()
    var everybodys = rejection
    everybodys.message = RosterFailure.forEverybody(rejection.message)
    throw .database(everybodys)
  }

  private func keyTypeAlone() async -> KeyType? {
    do throws(EngineError) { return try await RosterShape.keyType(database, query) } catch { return nil }
  }

  /// The rows with these keys; nil if that cannot be told.
  ///
  /// A table that is being replaced may be rejected because it is not complete yet, and its rows are not there yet
  /// either: nothing is concluded from another table or view than the one that the mapping last read.
  private func flags(
    _ keys: [RosterKey], _ type: KeyType
  ) async -> [RosterKey: (inScope: Bool, active: Bool)]? {
    for evaluated in [true, false] {
      let sql = query.flagsByKey(type, evaluated: evaluated)
      do throws(ReadingError) {
        let result = try await ask(sql, keys, limit: health.patience)
        let asked = Set(keys)
        guard result.columnCount == 4, result.typeOID(1) == 16, result.typeOID(2) == 16, health.origin != 0,
          result.tableOID(3) == health.origin
        else { return nil }
        var rows: [RosterKey: (inScope: Bool, active: Bool)] = [:]
        for index in 0..<result.rowCount {
          guard let key = result.key(index, 0), asked.contains(key) else { return nil }
          // Of several rows with one key nothing is concluded.
          let isFirst = rows[key] == nil
          rows[key] = isFirst ? (result.bool(index, 1), result.bool(index, 2)) : (true, true)
        }
        return rows
      } catch {
        if case .slow = error { return nil }
      }
    }
    return nil
  }
}
