public import LDAP
public import Postgres

/// Which of the two sides could not answer.
public enum EngineError: Error, Sendable, CustomStringConvertible {
  case database(PostgresError)
  case directory(LDAPError)
  /// Something else than a connection forbids going on.
  case refused(String)
  /// Another process leads; this one stands by.
  case standby

  public var description: String {
    switch self {
    case .database(let error): "PostgreSQL: \(error)"
    case .directory(let error): "LDAP: \(error)"
    case .refused(let reason): reason
    case .standby: "another process leads this directory"
    }
  }
}
