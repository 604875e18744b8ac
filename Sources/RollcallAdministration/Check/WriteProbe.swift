internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallConfiguration
internal import RollcallCore

/// Finds out whether a server takes writes, without any: it is asked to delete an entry that does not exist, which a
/// replica refuses before it looks.
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
    let name = "\(users.naming)=rollcall-check-\(UInt64.random(in: .min ... .max)),\(users.base.text)"
    do throws(LDAPError) {
      try await session.perform(.delete(DistinguishedName(unchecked: name)))
      works = true
    } catch {
      if !session.isUsable { throw error }
      if ErrorClassifier.isReadOnly(error.code, error.diagnostic) {
        refusals.append((url, error))
      } else {
        works = true
      }
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
