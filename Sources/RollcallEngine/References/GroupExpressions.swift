internal import LDAPModel
internal import Postgres
internal import Reactor
internal import RollcallConfiguration
internal import RollcallCore
internal import RollcallLedger

/// Evaluates `groups.references` for many groups at once: SQL over their names.
@Reactor
struct GroupExpressions {
  /// Groups of one statement.
  private static let most = 1000
  /// Groups that may fail one by one before the others are taken to fail as well.
  private static let mostFailures = 24
  private static let limit: Duration = .seconds(50)

  let database: Database
  let roster: Roster
  let planner: GroupPlanner
  let expressions: [Configuration.AttributeExpression]

  /// Whom each of the groups is to refer to, or why that is unknown.
  ///
  /// - Throws: ``EngineError`` if the database does not answer.
  func references(
    of groups: [GroupName]
  ) async throws(EngineError) -> [GroupName: Result<[WantedReference], Problem>] {
    var found: [GroupName: Result<[WantedReference], Problem>] = [:]
    var named: [(group: GroupName, name: String)] = []
    for group in groups {
      if let name = group.text(of: planner.rules.naming) {
        named.append((group, name))
      } else {
        found[group] = .failure(problem(group, "its name is not text"))
      }
    }
    var stretches = stride(from: 0, to: named.count, by: GroupExpressions.most).map {
      Array(named[$0..<min($0 + GroupExpressions.most, named.count)])
    }
    var failures = 0
    while let some = stretches.popLast() {
      do throws(EngineError) {
        found.merge(try await evaluate(some)) { $1 }
      } catch {
        guard case .database(let failure) = error, failure.kind == .server, !failure.isConnectionLost else {
          throw error
        }
        if some.count == 1 || failures >= GroupExpressions.mostFailures {
          failures += 1
          for (group, _) in some { found[group] = .failure(problem(group, failure.message)) }
        } else {
          // Halves lead to the groups that fail; the others are not delayed by them.
          let middle = some.count / 2
          stretches += [Array(some[..<middle]), Array(some[middle...])]
        }
      }
    }
    return found
  }

  private func evaluate(
    _ some: [(group: GroupName, name: String)]
  ) async throws(EngineError) -> [GroupName: Result<[WantedReference], Problem>] {
    let key = try await roster.resolveKeyType()
    let result = try await database.read(
      GroupExpressions.select(expressions.map(\.expression)), [SQLText.array(some.map(\.name))],
      limit: GroupExpressions.limit, timeout: GroupExpressions.limit + .seconds(4))
    var values: [Int: Result<[[AttributeValue]], Problem>] = [:]
    for row in 0..<result.rowCount {
      guard let place = result.int(row, 0).map({ $0 - 1 }), some.indices.contains(place) else { continue }
      var columns = (try? values[place]?.get()) ?? expressions.map { _ in [] }
      var failure: Problem?
      for index in expressions.indices {
        let attribute = expressions[index].attribute
        let type = result.typeOID(index + 1)
        do throws(UndecodableValue) {
          columns[index] += try ColumnDecoder.values(result.bytes(row, index + 1), oid: type)
        } catch {
          failure = problem(some[place].group, "\(attribute): \(error)")
        }
        if let found = key.misreference(type) { failure = problem(some[place].group, "\(attribute) \(found.message)") }
      }
      if case .failure? = values[place] { continue }
      values[place] = failure.map { .failure($0) } ?? .success(columns)
    }
    var found: [GroupName: Result<[WantedReference], Problem>] = [:]
    for (place, columns) in values {
      let group = some[place].group
      do throws(Problem) { found[group] = .success(try planner.references(try columns.get(), of: group)) } catch {
        found[group] = .failure(error)
      }
    }
    return found
  }

  /// A SELECT over the names `$1`: expressions refer to one as in ``GroupAttributes/select(_:over:)``.
  static func select(_ expressions: [String]) -> String {
    let columns = expressions.indices.map { "value_\($0)" }
    let values = expressions.enumerated().map { "(\($1)\n) AS value_\($0)" }.joined(separator: ",\n  ")
    return """
      SELECT rollcall_given.place, \(columns.map { "rollcall_value.\($0)" }.joined(separator: ", "))
      FROM pg_catalog.unnest($1::pg_catalog.text[]) WITH ORDINALITY AS rollcall_given (given, place)
      LEFT JOIN LATERAL (SELECT \(values)
        FROM (SELECT rollcall_given.given AS name) AS roster_group) AS rollcall_value ON true
      """
  }

  private func problem(_ group: GroupName, _ complaint: String) -> Problem {
    Problem(.mapping, "groups.references fails for \(group.dn): \(message: complaint)")
  }
}
