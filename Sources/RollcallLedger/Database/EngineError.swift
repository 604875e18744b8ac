package import LDAP
package import Postgres
internal import Reactor
internal import RollcallCore

/// Which of the two sides could not answer.
package enum EngineError: Error, Sendable, CustomStringConvertible {
  case database(PostgresError)
  case directory(LDAPError)
  /// Something else than a connection forbids going on.
  case refused(String)
  /// Another process leads; this one stands by.
  case standby

  package var description: String {
    switch self {
    case .database(let error): "PostgreSQL: \(error)"
    case .directory(let error): "LDAP: \(error)"
    case .refused(let reason): reason
    case .standby: "another process leads this directory"
    }
  }
}

extension EngineError {
  /// The server's answer, where it says something about one entry that was asked for by name and nothing about the
  /// directory. To be looked at only where nothing but such an entry was asked for.
  package var refusalOfObject: LDAPError? {
    guard case .directory(let error) = self, ErrorClassifier.concernsObject(error.code) else { return nil }
    return error
  }
}

/// Looks at one entry; an answer that concerns it alone is a result, anything else is thrown.
@Reactor
package func refusable<T: Sendable>(
  _ body: @Reactor () async throws(EngineError) -> T
) async throws(EngineError) -> Result<T, LDAPError> {
  do throws(EngineError) { return .success(try await body()) } catch {
    guard let refusal = error.refusalOfObject else { throw error }
    return .failure(refusal)
  }
}
