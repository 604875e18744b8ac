internal import LDAPModel
internal import Postgres
package import Reactor
package import RollcallCore
package import RollcallLedger

/// The roster's answer for one key.
package enum RosterAnswer: Sendable, Equatable {
  case row(RosterRow)
  /// The row exists, but cannot be mapped; it is active unless it says otherwise.
  case problem(Problem, active: Bool)
  /// No row can have this key, because it is not of the key's type: an existing entry that carries it is not treated
  /// as one whose row is gone.
  case impossible(Problem)
}

/// The roster's answers for some keys.
package struct RosterPage: Sendable {
  /// A key without a row is missing here.
  package var answers: [RosterKey: RosterAnswer] = [:]
  /// Keys that were not read, because the others' values have reached the size limit or taken too long. In that case
  /// there is at least one answer, or one key without a row.
  package var postponed: [RosterKey] = []
  /// The octets that were read beyond the share of each row.
  var octets = 0

  /// The keys that were read.
  func asked(_ keys: [RosterKey]) -> [RosterKey] {
    if postponed.isEmpty { return keys }
    let out = Set(postponed)
    return keys.filter { !out.contains($0) }
  }
}

/// Reads people from the source relation, through the mapping.
///
/// The mapping is foreign code. Each statement that evaluates it runs in a read-only transaction of its own, which is
/// rolled back, in a session that is used for nothing else.
@Reactor
package final class Roster {
  /// The octets of values that are read together: each row of a batch has a share of it, and larger rows are read
  /// separately.
  static let budget = 32 << 20
  /// libpq keeps the buffer that a value needed; after a value of this size the session is replaced.
  private static let buffer = 8 << 20
  /// So many rows are read by the statement that is kept.
  private static let few = 4

  let database: Database
  package let query: RosterQuery
  let health: RosterHealth
  let largestRow: Int
  private var shape: (session: PostgresConnection, shape: RosterShape)?
  private var select: (shape: RosterShape, sql: String)?
  var plans = PlanRenewal()

  init(_ database: Database, _ query: RosterQuery, largestRow: Int, health: RosterHealth? = nil) {
    self.database = database
    self.query = query
    self.largestRow = largestRow
    self.health = health ?? RosterHealth()
  }

  /// The same roster on another session.
  package func on(_ database: Database) -> Roster { Roster(database, query, largestRow: largestRow, health: health) }

  /// The key's type.
  ///
  /// - Throws: ``EngineError``, also if the column's type cannot be a key.
  package func resolveKeyType() async throws(EngineError) -> KeyType {
    do throws(EngineError) { return try await currentShape().key } catch {
      // The rest of the mapping may fail.
      guard RosterFailure.isStale(error) else { throw error }
      return try await RosterShape.keyType(database, query)
    }
  }

  /// Whether a row could have this key, as far as is known without a query.
  func isKey(_ key: RosterKey) -> Bool { shape?.shape.key.admits(key) ?? true }

  /// Forgets what was learned about the source, because it may have been altered.
  package func forget() { shape = nil }

  /// The columns, determined once per session.
  private func currentShape() async throws(EngineError) -> RosterShape {
    let session = try await database.session()
    if let shape, shape.session === session { return shape.shape }
    let found = try await RosterShape.read(database, query)
    shape = (session, found)
    health.origin = found.origin
    return found
  }

  /// Prepares the statement that reads rows, by reading none.
  ///
  /// - Throws: ``EngineError`` for any part of the mapping that PostgreSQL rejects.
  func prepare() async throws(EngineError) {
    let shape = try await currentShape()
    do throws(ReadingError) { _ = try await run([], share: Roster.budget, shape) } catch { throw error.error }
  }

  // MARK: Reading

  /// The rows of these keys.
  ///
  /// A row whose expression fails is found by halving the batch, so that it does not affect other rows.
  /// - Throws: ``EngineError`` if the answer is incomplete: no key is considered absent then.
  package func fetch(_ keys: [RosterKey]) async throws(EngineError) -> RosterPage {
    var mayForget = true
    while true {
      do throws(EngineError) { return try await attempt(keys) } catch {
        // A table was altered: its columns, including the key, may have other types now.
        guard RosterFailure.isStale(error) else { throw error }
        if !mayForget { return try await fetchWithoutValues(keys, error) }
        mayForget = false
        forget()
      }
    }
  }

  /// All rows of these keys, whatever their total size.
  package func fetchAll(_ keys: [RosterKey]) async throws(EngineError) -> [RosterKey: RosterAnswer] {
    var answers: [RosterKey: RosterAnswer] = [:]
    var rest = keys
    while !rest.isEmpty {
      let page = try await fetch(rest)
      answers.merge(page.answers) { first, _ in first }
      rest = page.postponed
    }
    return answers
  }

  private func attempt(_ keys: [RosterKey]) async throws(EngineError) -> RosterPage {
    var page = RosterPage()
    if keys.isEmpty { return page }
    var shape = try await currentShape()
    if keys.contains(where: { !shape.key.admits($0) }) {
      forget()
      shape = try await currentShape()
    }
    var some: [RosterKey] = []
    var slow: [RosterKey] = []
    let long = shape.key == .text ? try await existing(long: keys.filter(\.isTooLong)) : []
    for key in keys {
      if long.contains(key) {
        page.answers[key] = .problem(RosterFailure.longKey(key), active: true)
      } else if !shape.key.admits(key) {
        page.answers[key] = .impossible(RosterFailure.noKey(key, shape.key))
      } else if health.slow.contains(key) {
        slow.append(key)
      } else {
        some.append(key)
      }
    }
    try await read(some, shape, into: &page)
    if !slow.isEmpty { try await readSingly(slow, shape, into: &page) }
    return page
  }

  /// Reads a batch, and handles its failures.
  func read(_ keys: [RosterKey], _ shape: RosterShape, into page: inout RosterPage) async throws(EngineError) {
    if keys.isEmpty { return }
    do throws(ReadingError) {
      let start = ContinuousClock.now
      let large = try await take(keys, share: min(largestRow, Roster.budget / keys.count), shape, into: &page)
      health.took(.now - start)
      try await read(large: large, shape, into: &page)
    } catch {
      let failure: PostgresError
      switch error {
      case .other(let error): throw error
      case .slow: return try await readSingly(keys, shape, isBatch: true, into: &page)
      case .ofRows(let reason): failure = reason
      }
      if keys.count == 1 {
        page.answers[keys[0]] = try await explain(keys[0], failure, shape)
        return
      }
      let half = keys.count / 2
      try await read(Array(keys[..<half]), shape, into: &page)
      try await read(Array(keys[half...]), shape, into: &page)
    }
  }

  /// Rows that are larger than the share of a batch: as many as fit in the limit, at least one.
  private func read(
    large: [(key: RosterKey, octets: Int)], _ shape: RosterShape, into page: inout RosterPage
  ) async throws(ReadingError) {
    var hasRead = false
    for (key, octets) in large {
      if octets > largestRow {
        page.answers[key] = .problem(RosterFailure.tooLarge(key, octets, largestRow), active: true)
      } else if page.octets + octets > Roster.budget, hasRead || page.octets > 0 {
        page.postponed.append(key)
      } else {
        hasRead = true
        page.octets += octets
        // It may have grown since; then it waits for its next turn.
        let grown = try await take([key], share: octets, limit: patience(for: octets), shape, into: &page)
        page.postponed += grown.map(\.key)
      }
    }
  }

  /// How long a row of this size may take: ten megabytes per second, plus the time for any batch.
  func patience(for octets: Int) -> Duration { health.patience + .milliseconds(octets / 10_000) }

  /// Reads rows with values of up to `share` octets each; returns the others with their sizes.
  func take(
    _ keys: [RosterKey], share: Int, limit: Duration? = nil, _ shape: RosterShape, into page: inout RosterPage
  ) async throws(ReadingError) -> [(key: RosterKey, octets: Int)] {
    let result = try await run(keys, share: share, limit: limit, shape)
    // An answer that does not fit the query proves nothing, and certainly not that a row is gone.
    if !shape.fits(result) { throw RosterFailure.misshapen }
    let asked = Set(keys)
    for index in 0..<result.rowCount {
      let key = result.key(index, 0)
      if key.map({ asked.contains($0) }) != true { throw RosterFailure.unasked(key) }
    }
    if share > Roster.buffer, result.longestValue > Roster.buffer { database.retire() }
    let decoder = RowDecoder(result, shape, hasMembership: query.hasMembership)
    var large: [(RosterKey, Int)] = []
    for index in 0..<result.rowCount {
      let octets = result.int(index, 3) ?? 0
      if octets > 0 {
        if let key = result.key(index, 0) { large.append((key, octets)) }
        continue
      }
      let (key, answer) = decoder.row(index)
      if page.answers[key] != nil {
        page.answers[key] = .problem(RosterFailure.duplicate(key), active: true)
      } else {
        page.answers[key] = answer
        if case .row = answer { health.read(key) }
      }
    }
    return large
  }

  @discardableResult
  private func run(
    _ keys: [RosterKey], share: Int, limit: Duration? = nil, _ shape: RosterShape
  ) async throws(ReadingError) -> QueryResult {
    // PostgreSQL parses and plans it once: most of the work on one row, which the rows of a batch share.
    try await ask(
      select(shape), keys, ["\(share)"], limit: limit ?? health.patience, isKept: keys.count <= Roster.few)
  }

  /// The statement that reads rows.
  private func select(_ shape: RosterShape) -> String {
    if let select, select.shape == shape { return select.sql }
    let sql = query.selectByKey(shape)
    select = (shape, sql)
    return sql
  }
}
