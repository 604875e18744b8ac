package import LDAP
package import Postgres
internal import Reactor
internal import RollcallCore

/// An error of one of the two sides.
package enum EngineError: Error, Sendable, CustomStringConvertible {
  case database(PostgresError)
  case directory(LDAPError)
  /// A reason other than a connection not to continue.
  case refused(String)
  /// Another process leads; this one stands by.
  case standby

  package var description: String {
    switch self {
    case .database(let error): "PostgreSQL: \(error)" + (error.remedy.map { "; \($0)" } ?? "")
    case .directory(let error): "LDAP: \(error)"
    case .refused(let reason): reason
    case .standby: "another process leads this directory"
    }
  }
}

extension EngineError {
  /// The server's answer, if it concerns only one entry that was requested by name and not the directory. Use it only
  /// for requests for such an entry.
  package var refusalOfObject: LDAPError? {
    guard case .directory(let error) = self, !error.isOfServer, ErrorClassifier.concernsObject(error.code)
    else { return nil }
    return error
  }
}

/// Reads one entry; an answer that concerns only this entry is a result, any other error is thrown.
@Reactor
package func refusable<T: Sendable>(
  _ body: @Reactor () async throws(EngineError) -> T
) async throws(EngineError) -> Result<T, LDAPError> {
  do throws(EngineError) { return .success(try await body()) } catch {
    guard let refusal = error.refusalOfObject else { throw error }
    return .failure(refusal)
  }
}
