internal import LDAPModel
internal import Postgres
internal import Reactor
internal import RollcallConfiguration
internal import RollcallCore
internal import RollcallLedger

/// Further attributes of a group that Rollcall creates: SQL over its name.
@Reactor
struct GroupAttributes {
  let database: Database
  let naming: String
  let expressions: [Configuration.AttributeExpression]

  /// A SELECT over a group's name: expressions refer to `name`, or `roster_group.name` if that is ambiguous.
  /// - Parameter name: SQL.
  static func select(_ expressions: [String], over name: String) -> String {
    let values = expressions.map { "(\($0)\n)" }.joined(separator: ",\n  ")
    return "SELECT \(values) AS value\nFROM (SELECT \(name)::pg_catalog.text AS name) AS roster_group"
  }

  /// The values of the attributes, in the configuration's order.
  ///
  /// - Throws: ``EngineError`` if the database does not answer.
  func values(for group: GroupName) async throws(EngineError) -> Result<[[AttributeValue]], Problem> {
    if expressions.isEmpty { return .success([]) }
    guard let name = group.text(of: naming) else { return .failure(problem(group, "its name is not text")) }
    let select = GroupAttributes.select(expressions.map(\.expression), over: "$1")
    let result: QueryResult
    do throws(EngineError) { result = try await database.read(select, [name]) } catch {
      // An error in the expressions concerns only these groups; it is retried after a while.
      guard case .database(let failure) = error, failure.kind == .server else {
        throw error
      }
      return .failure(problem(group, failure.message))
    }
    var values: [[AttributeValue]] = []
    for column in expressions.indices {
      do throws(UndecodableValue) {
        values.append(try ColumnDecoder.values(result.bytes(0, column), oid: result.typeOID(column)))
      } catch {
        return .failure(problem(group, "\(expressions[column].attribute): \(error)"))
      }
    }
    return .success(values)
  }

  private func problem(_ group: GroupName, _ complaint: String) -> Problem {
    Problem(.mapping, "groups.attributes fails for \(group.dn): \(message: complaint)")
  }
}
