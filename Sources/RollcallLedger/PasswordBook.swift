package import LDAPModel
package import Reactor
package import RollcallCore

/// Digests of the passwords that were written last, for passwords that follow the table.
///
/// They stand in the ledger alone and are read together with the rows: a hundred thousand of them take no memory here.
/// A digest is deleted before a password is sent and stored after the server has confirmed it, so that after a crash
/// between the two the password is written once more. Who has none gets the password written.
@Reactor
package final class PasswordBook {
  private let ledger: Ledger
  /// Whether passwords follow the table.
  package var isOn = false
  /// Nil while nothing was ever stored for this directory.
  private var digester: PasswordDigest?
  /// Whether the server was found to lack writes, so that the next comparison writes every password once more.
  package var isInDoubt = false
  /// Whether an operation of an earlier connection may still be carried out after those of this one.
  package var mayComeLate: (@Reactor (RosterKey) -> Bool)?

  package init(_ ledger: Ledger) { self.ledger = ledger }

  /// Reads the key of the digests.
  func load() async throws(EngineError) {
    if isOn { digester = try await ledger.passwordKey().map { PasswordDigest(key: $0) } }
  }

  /// Makes a key where there is none, and deletes digests that nobody keeps up to date.
  ///
  /// - Parameter isLoss: whether the database, or the directory, is another or was restored.
  package func begin(isLoss: Bool) async throws(EngineError) {
    if isLoss || !isOn { try await ledger.forgetPasswords(nil) }
    if isOn { try await ledger.makePasswordKey() }
  }

  /// Deletes all digests if the server lacks writes.
  package func forgetDoubtful() async throws(EngineError) {
    guard isInDoubt else { return }
    if isOn { try await ledger.forgetPasswords(nil) }
    isInDoubt = false
  }

  /// The digests of these keys.
  package func digests(of keys: [RosterKey]) async throws(EngineError) -> [RosterKey: String] {
    isOn ? try await ledger.passwords(keys) : [:]
  }

  /// The digest of a password that is to be written; nil if there is no key to make it with.
  package func digest(of password: AttributeValue, person: RosterKey) -> String? {
    digester?.of(password, person: person)
  }

  package func forget(_ keys: [RosterKey]) async throws(EngineError) {
    if isOn { try await ledger.forgetPasswords(keys) }
  }

  /// Stores the digests of passwords that the server has confirmed, unless an older one may still arrive there: then
  /// the person is looked at again, and the password written once more.
  package func record(_ digests: [RosterKey: String]) async throws(EngineError) {
    try await ledger.record(passwords: digests.filter { mayComeLate?($0.key) != true })
  }
}
