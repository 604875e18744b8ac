public import LDAP
public import Postgres

/// Which of the two sides could not answer.
public enum EngineError: Error, Sendable, CustomStringConvertible {
  case database(PostgresError)
  case directory(LDAPError)
  /// Something else than a connection forbids going on.
  case refused(String)

  public var description: String {
    switch self {
    case .database(let error): "PostgreSQL: \(error)"
    case .directory(let error): "LDAP: \(error)"
    case .refused(let reason): reason
    }
  }
}

/// Runs a call of the database side.
func onDatabase<T>(_ body: () async throws(PostgresError) -> T) async throws(EngineError) -> T {
  do { return try await body() } catch { throw .database(error) }
}

/// Runs a call of the directory side.
func onDirectory<T>(_ body: () async throws(LDAPError) -> T) async throws(EngineError) -> T {
  do { return try await body() } catch { throw .directory(error) }
}
