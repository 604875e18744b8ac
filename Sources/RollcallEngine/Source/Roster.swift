internal import LDAPModel
internal import Postgres
public import Reactor
public import RollcallCore

/// What the roster says of one key.
public enum RosterAnswer: Sendable, Equatable {
  case row(RosterRow)
  /// The row is there, but cannot be mapped; it is active unless it says otherwise.
  case problem(Problem, active: Bool)
}

/// Reads people from the source relation, through the mapping.
@Reactor
public final class Roster {
  private let database: Database
  public let query: RosterQuery
  /// The key's type; read from the database at the first use.
  private var keyType: KeyType?

  public init(_ database: Database, _ query: RosterQuery) {
    self.database = database
    self.query = query
  }

  /// The key's type, found out once.
  ///
  /// - Throws: ``EngineError``, also when the column's type cannot be a key.
  public func resolveKeyType() async throws(EngineError) -> KeyType {
    if let keyType { return keyType }
    let result = try await database.query("SELECT \(query.key) FROM \(query.source) AS roster LIMIT 0")
    guard let type = KeyType(oid: result.typeOID(0)) else {
      throw .refused(
        "the key \(query.key) has a type that cannot be a key; it must be an integer, uuid, text or varchar")
    }
    keyType = type
    return type
  }

  /// Has PostgreSQL prepare the statement that reads rows.
  ///
  /// - Throws: ``EngineError``, for whatever in the mapping it does not take.
  func prepare() async throws(EngineError) {
    let type = try await resolveKeyType()
    try await database.execute("roster", query.selectByKey(type.sql), [SQLText.array([] as [RosterKey])])
  }

  /// The rows of these keys; a key without a row is missing from the answer.
  ///
  /// A row whose expression fails is found by halving the batch, so that it spoils nobody else's answer.
  /// - Throws: ``EngineError`` when the answer is not complete: nobody is absent then.
  public func fetch(_ keys: [RosterKey]) async throws(EngineError) -> [RosterKey: RosterAnswer] {
    let type = try await resolveKeyType()
    var answers: [RosterKey: RosterAnswer] = [:]
    answers.reserveCapacity(keys.count)
    try await fetch(keys.filter { type.admits($0) }, type, into: &answers)
    return answers
  }

  private func fetch(
    _ keys: [RosterKey], _ type: KeyType, into answers: inout [RosterKey: RosterAnswer]
  ) async throws(EngineError) {
    if keys.isEmpty { return }
    let result: QueryResult
    do throws(EngineError) {
      result = try await database.execute("roster", query.selectByKey(type.sql), [SQLText.array(keys)])
    } catch {
      guard let failure = RosterFailure.ofRow(error) else { throw error }
      if keys.count == 1 {
        answers[keys[0]] = try await explain(keys[0], failure, type)
        return
      }
      let half = keys.count / 2
      try await fetch(Array(keys[..<half]), type, into: &answers)
      try await fetch(Array(keys[half...]), type, into: &answers)
      return
    }
    let decoder = RowDecoder(result, hasMembership: query.hasMembership)
    for index in 0..<result.rowCount {
      let (key, answer) = decoder.row(index)
      if answers[key] != nil {
        answers[key] = .problem(RosterFailure.duplicate(key), active: true)
      } else {
        answers[key] = answer
      }
    }
  }

  /// A row out of scope needs no values, so their failure does not matter.
  private func explain(
    _ key: RosterKey, _ error: PostgresError, _ type: KeyType
  ) async throws(EngineError) -> RosterAnswer {
    do throws(EngineError) {
      let scope = try await database.execute("scope", query.scopeByKey(type.sql), [SQLText.array([key])])
      if scope.rowCount == 1, !scope.bool(0, 1) {
        return .row(RosterRow(key: key, inScope: false, active: false, values: []))
      }
    } catch {
      guard RosterFailure.ofRow(error) != nil else { throw error }
    }
    let active = try await isActive(key, type)
    if query.secretPaths.isEmpty { return .problem(RosterFailure.mapping(key, error), active: active) }
    do throws(EngineError) {
      _ = try await database.execute(
        "open roster", query.selectByKeyWithoutSecrets(type.sql), [SQLText.array([key])])
      return .problem(RosterFailure.secret(key, query.secretPaths, error), active: active)
    } catch {
      guard let failure = RosterFailure.ofRow(error) else { throw error }
      return .problem(RosterFailure.mapping(key, failure), active: active)
    }
  }

  /// Whether a row whose values cannot be had may log in: nobody is kept out because that fails too.
  private func isActive(_ key: RosterKey, _ type: KeyType) async throws(EngineError) -> Bool {
    do throws(EngineError) {
      let result = try await database.execute("active", query.activeByKey(type.sql), [SQLText.array([key])])
      return result.rowCount != 1 || result.bool(0, 1)
    } catch {
      guard RosterFailure.ofRow(error) != nil else { throw error }
      return true
    }
  }

  /// Forgets what was learnt of the source, because it may have been altered.
  public func forget() { keyType = nil }
}

/// Turns result rows into roster rows.
@Reactor
struct RowDecoder {
  private let result: QueryResult
  private let oids: [UInt32]
  private let hasMembership: Bool

  init(_ result: QueryResult, hasMembership: Bool) {
    self.result = result
    oids = (0..<result.columnCount).map { result.typeOID($0) }
    self.hasMembership = hasMembership
  }

  func row(_ index: Int) -> (key: RosterKey, RosterAnswer) {
    let key = result.key(index, 0) ?? ""
    var values: [[AttributeValue]] = []
    values.reserveCapacity(oids.count - 3)
    for column in 3..<oids.count {
      guard let bytes = result.bytes(index, column) else {
        values.append([])
        continue
      }
      do {
        values.append(try ColumnDecoder.values(bytes, oid: oids[column]))
      } catch {
        let problem = RosterFailure.value(key, result.columnName(column), "\(error)")
        return (key, .problem(problem, active: result.bool(index, 2)))
      }
    }
    let membership = hasMembership ? values.removeLast() : []
    return (
      key,
      .row(
        RosterRow(
          key: key, inScope: result.bool(index, 1), active: result.bool(index, 2), values: values,
          membership: membership))
    )
  }
}
