import LDAP
import LDAPModel
import Reactor
import Sandbox
import Testing

/// Runs `body` on the reactor with a slapd of its own.
func withDirectory(
  tls: Bool = false, globalLines: [String] = [], sizeLimit: Int? = nil,
  _ body: @escaping @Reactor @Sendable (DirectoryServer, OpenLDAPOptions) async throws -> Void
) async throws {
  var options = OpenLDAPOptions()
  options.durable = false
  options.globalLines = globalLines
  options.sizeLimit = sizeLimit
  let chosen = options
  try await TemporaryFolder.with { folder in
    var options = chosen
    if tls { options.tls = try await TestAuthority.make(in: folder) }
    let final = options
    let server = try await DirectoryServer.start(in: folder, options: final)
    try await Reactor.run { try await body(server, final) }
  }
}

extension DirectoryServer {
  /// How to connect as the account that may write below ou=users.
  nonisolated var account: LDAPOptions {
    var options = LDAPOptions(url: url)
    options.bind = .simple(dn: accountDN, password: BindPassword(accountPassword))
    return options
  }

  nonisolated var admin: LDAPOptions {
    var options = LDAPOptions(url: url)
    options.bind = .simple(dn: adminDN, password: BindPassword(adminPassword))
    return options
  }
}

/// The name of a person of the tests.
func personDN(_ uid: String) -> DistinguishedName {
  users.child(
    RelativeDistinguishedName("uid", AttributeValue(uid)))
}

func person(_ uid: String, _ more: [Attribute] = []) -> LDAPModel.Operation {
  .add(
    personDN(uid),
    [
      Attribute("objectClass", ["inetOrgPerson"]), Attribute("uid", [AttributeValue(uid)]),
      Attribute("cn", ["A person"]), Attribute("sn", ["Person"]),
    ] + more)
}

let users: DistinguishedName = "ou=users,dc=example,dc=com"

extension LDAPSession {
  /// Sends all and gives the results in their order; every completion must come exactly once.
  func outcomes(_ operations: [LDAPModel.Operation]) async -> [Result<Void, LDAPError>] {
    var results: [Result<Void, LDAPError>?] = Array(repeating: nil, count: operations.count)
    await withCheckedContinuation { continuation in
      var missing = operations.count
      for (index, operation) in operations.enumerated() {
        send(operation) { result in
          #expect(results[index] == nil, "a completion came twice")
          results[index] = result
          missing -= 1
          if missing == 0 { continuation.resume() }
        }
      }
    }
    return results.compactMap(\.self)
  }
}

/// The error of what has to fail.
@Reactor
func failure<T>(_ body: @Reactor () async throws(LDAPError) -> T) async -> LDAPError {
  do {
    Issue.record("should have failed but gave \(try await body())")
    return LDAPError(code: .success, operation: "nothing")
  } catch {
    return error
  }
}
