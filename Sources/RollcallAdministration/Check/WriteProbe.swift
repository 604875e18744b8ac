internal import LDAP
internal import Reactor
internal import RollcallConfiguration
internal import RollcallEngine

/// Finds out which of the servers take writes.
@Reactor
struct WriteProbe {
  private let users: Configuration.Users
  private let note: @Reactor (Finding) -> Void
  /// Servers that take none.
  private var refusals: [(url: String, error: LDAPError)] = []
  private var works = false

  init(_ users: Configuration.Users, _ note: @escaping @Reactor (Finding) -> Void) {
    self.users = users
    self.note = note
  }

  mutating func ask(_ session: LDAPSession, _ url: String) async throws(LDAPError) {
    let rootDSE = try await session.rootDSE()
    let probe = ReadOnlyProbe(base: users.base, isActiveDirectory: rootDSE.isActiveDirectory, rootDSE)
    if let refusal = try await probe.refusal(session) {
      refusals.append((url, refusal))
    } else {
      works = true
    }
  }

  /// Says which servers take no writes: a warning where another one does.
  func conclude() {
    for (url, error) in refusals {
      let words = error.diagnostic.isEmpty ? "\(error.code)" : "\(error.code): \(error.diagnostic)"
      note(
        Finding(
          works ? .warning : .error, url, "takes no writes (\(words))",
          remedy: works
            ? "Rollcall skips it and tries the next URL; remove it from directory.url, or list it last"
            : "name the server that takes writes in directory.url"))
    }
  }
}
