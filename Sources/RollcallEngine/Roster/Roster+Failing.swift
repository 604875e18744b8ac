internal import Postgres
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// Rows that cannot be read because the mapping fails for them or takes too long.
extension Roster {
  /// Interprets a row's failure. A row out of scope needs no values, so their failure does not matter.
  func explain(
    _ key: RosterKey, _ error: PostgresError, _ shape: RosterShape
  ) async throws(EngineError) -> RosterAnswer {
    if try await isOutOfScope(key, shape) {
      return .row(RosterRow(key: key, inScope: false, active: false, values: []))
    }
    if health.failed(key, error) { try await lookIntoEqualFailures(key, error, shape) }
    let active = try await isActive(key, shape)
    if query.secretPaths.isEmpty { return .problem(RosterFailure.mapping(key, error), active: active) }
    do throws(ReadingError) {
      _ = try await ask(query.selectByKey(shape, withoutSecrets: true), [key], ["0"], limit: probeLimit)
      return .problem(RosterFailure.secret(key, query.secretPaths, error), active: active)
    } catch {
      switch error {
      case .slow: return .problem(RosterFailure.slow(key), active: active)
      case .ofRows(let failure): return .problem(RosterFailure.mapping(key, failure), active: active)
      case .other(let error): throw error
      }
    }
  }

  /// Those of these keys that have rows: they stand for keys that are too long (``RosterKey/isTooLong``).
  func existing(long keys: [RosterKey]) async throws(EngineError) -> Set<RosterKey> {
    if keys.isEmpty { return [] }
    do throws(ReadingError) {
      let found = try await ask(query.longKeys, keys.map(\.beginningOfLong), limit: health.patience)
      let beginnings = Set((0..<found.rowCount).compactMap { found.key($0, 0) })
      return Set(keys.filter { beginnings.contains($0.beginningOfLong) })
    } catch {
      if case .other(let error) = error { throw error }
      return Set(keys)
    }
  }

  /// How long a query for a single row may take.
  private var probeLimit: Duration { health.patience / 2 }

  private func isOutOfScope(_ key: RosterKey, _ shape: RosterShape) async throws(EngineError) -> Bool {
    if query.scope == nil { return false }
    do throws(ReadingError) {
      let scope = try await ask(query.scopeByKey(shape.key), [key], limit: probeLimit)
      return Roster.isFlag(scope, of: key) && !scope.bool(0, 1)
    } catch {
      if case .other(let error) = error { throw error }
      return false
    }
  }

  /// Whether a row without readable values may log in; if this query fails too, the person is not locked out.
  private func isActive(_ key: RosterKey, _ shape: RosterShape) async throws(EngineError) -> Bool {
    if query.active == nil { return true }
    do throws(ReadingError) {
      let result = try await ask(query.activeByKey(shape.key), [key], limit: probeLimit)
      return !Roster.isFlag(result, of: key) || result.bool(0, 1)
    } catch {
      if case .other(let error) = error { throw error }
      return true
    }
  }

  /// Whether the answer is one row with a boolean for this key.
  private static func isFlag(_ result: QueryResult, of key: RosterKey) -> Bool {
    result.rowCount == 1 && result.columnCount == 2 && result.typeOID(1) == 16 && result.key(0, 0) == key
  }

  // MARK: Failures of all rows

  /// Many rows in succession have failed with the same error: unless another row can be read, the mapping is at
  /// fault, and parking all keys would help nobody.
  private func lookIntoEqualFailures(
    _ key: RosterKey, _ error: PostgresError, _ shape: RosterShape
  ) async throws(EngineError) {
    if try await canReadAnother(than: [key], shape) { return health.acquit() }
    health.open()
    let message = query.secretPaths.isEmpty ? error.message : "SQLSTATE \(error.sqlState ?? "unknown")"
    await restForLeavers()
    throw .refused("\(RosterFailure.forEverybody(message)); Rollcall retries by itself")
  }

  /// Whether another row can be read in time: the last one that was read, or a few others of the table.
  private func canReadAnother(than keys: [RosterKey], _ shape: RosterShape) async throws(EngineError) -> Bool {
    var others = [health.witness].compactMap { $0 }.filter { !keys.contains($0) }
    if try await canRead(others, shape) { return true }
    do throws(EngineError) {
      let found = try await database.read(
        query.others(shape.key, 24), [SQLText.array(keys + others + health.row)], limit: probeLimit)
      others = (0..<found.rowCount).compactMap { found.key($0, 0) }
    } catch {
      guard case .database(let failure) = error, failure.kind == .server, failure.sqlState == "57014" else {
        throw error
      }
      return false
    }
    // There are no other rows, and the database has answered in time.
    return others.isEmpty && health.witness == nil ? true : try await canRead(others, shape)
  }

  private func canRead(_ keys: [RosterKey], _ shape: RosterShape) async throws(EngineError) -> Bool {
    for key in keys where shape.key.admits(key) && !health.slow.contains(key) {
      do throws(ReadingError) {
        var page = RosterPage()
        _ = try await take([key], share: 0, limit: probeLimit, shape, into: &page)
        return true
      } catch {
        if case .other(let error) = error { throw error }
      }
    }
    return false
  }

  // MARK: Slow rows

  /// Reads rows one by one after some took too long. Slow rows are parked if others are fast; if none is fast, the
  /// database is slow: it gets more time and then is not queried for a while.
  ///
  /// - Parameter isBatch: whether they were read together before, and that took too long.
  func readSingly(
    _ keys: [RosterKey], _ shape: RosterShape, isBatch: Bool = false, into page: inout RosterPage
  ) async throws(EngineError) {
    let start = ContinuousClock.now
    var slow: [RosterKey] = []
    var isOther = false
    for (index, key) in keys.enumerated() {
      // The other rows do not wait for all slow ones.
      if index > 0, .now - start > health.patience {
        page.postponed += keys[index...]
        break
      }
      do throws(ReadingError) {
        let share = min(largestRow, Roster.budget / keys.count)
        for (key, octets) in try await take([key], share: share, limit: probeLimit, shape, into: &page) {
          if octets > largestRow {
            page.answers[key] = .problem(RosterFailure.tooLarge(key, octets, largestRow), active: true)
          } else if page.octets + octets > Roster.budget, page.octets > 0 {
            page.postponed.append(key)
          } else {
            page.octets += octets
            _ = try await take([key], share: octets, limit: patience(for: octets), shape, into: &page)
          }
        }
        health.noteQuick(key)
        isOther = true
      } catch {
        switch error {
        case .slow: slow.append(key)
        case .ofRows(let failure):
          health.noteQuick(key)
          page.answers[key] = try await explain(key, failure, shape)
        case .other(let error): throw error
        }
      }
    }
    if slow.isEmpty {
      // No single row is slow, only the whole batch.
      if isBatch { _ = health.waitLonger() }
      return
    }
    var isQuick = isOther
    if !isQuick { isQuick = try await canReadAnother(than: slow, shape) }
    guard isQuick else {
      guard health.waitLonger() else { throw .database(RosterFailure.slowDatabase) }
      return try await readSingly(slow, shape, into: &page)
    }
    for key in slow {
      health.note(slow: key)
      if try await isOutOfScope(key, shape) {
        page.answers[key] = .row(RosterRow(key: key, inScope: false, active: false, values: []))
      } else {
        page.answers[key] = .problem(RosterFailure.slow(key), active: try await isActive(key, shape))
      }
    }
  }
}
