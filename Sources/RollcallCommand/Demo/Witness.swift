internal import LDAP
internal import LDAPModel
internal import Postgres
internal import Reactor

/// Writes to the table as HR would, and reads the directory as an application would.
@Reactor
final class Witness {
  private let database: PostgresConnection
  private let directory: LDAPSession
  private let base: DistinguishedName

  init(database: String, directory options: LDAPOptions, base: DistinguishedName) async throws {
    self.database = try await PostgresConnection.open(ConnectionOptions(database, applicationName: "demo"))
    directory = try await LDAPSession.open(options)
    self.base = base
  }

  func close() {
    database.close()
    directory.close()
  }

  /// Runs SQL and returns the time at which its commit was answered.
  @discardableResult
  func commit(_ sql: String) async throws -> ContinuousClock.Instant {
    try await database.script(sql)
    return .now
  }

  /// Reads the entries of these keys repeatedly until they are as expected.
  ///
  /// - Returns: the entries, and the time since `start`.
  func watch(
    _ keys: [String], since start: ContinuousClock.Instant, until isDone: ([Entry]) -> Bool
  ) async throws -> (entries: [Entry], took: Duration) {
    let filter = Filter.or(keys.map { .equal("employeeNumber", AttributeValue($0)) })
    while true {
      let entries = try await directory.search(
        base: base, scope: .subtree, filter: filter, attributes: ["*", "pwdAccountLockedTime"])
      let took = ContinuousClock.now - start
      if isDone(entries) { return (entries, took) }
      if took > .seconds(30) { throw Complaint("after 30 s the directory is still as it was") }
    }
  }
}
