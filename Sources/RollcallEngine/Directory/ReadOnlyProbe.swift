package import LDAP
package import LDAPModel
package import Reactor
internal import RollcallCore

/// Finds out whether a server takes no writes at all, with operations that change nothing.
///
/// A referral, or 53 with certain words, is what a replica answers to every write, but also what a server that takes
/// writes answers to those for a name at or below a referral object, or to a kind of operation that is restricted.
/// RFC 4511 (4.1.9, 4.1.10) makes no difference, and only slapd sends a matchedDN with each of the latter.
@Reactor
package struct ReadOnlyProbe: Sendable {
  let base: DistinguishedName
  let isActiveDirectory: Bool
  let isReadOnlyController: Bool

  package nonisolated init(base: DistinguishedName, isActiveDirectory: Bool, _ rootDSE: RootDSE) {
    self.base = base
    self.isActiveDirectory = isActiveDirectory
    isReadOnlyController = isActiveDirectory && rootDSE.isReadOnlyController
  }

  /// The refusal of a server that takes no writes; nil if it takes some.
  ///
  /// - Throws: `LDAPError` if the session ends.
  package func refusal(_ session: LDAPSession) async throws(LDAPError) -> LDAPError? {
    var last: LDAPError?
    for operation in operations() {
      do throws(LDAPError) {
        try await session.perform(operation)
        return nil
      } catch {
        if !session.isUsable { throw error }
        if !isReadOnlyController, !ErrorClassifier.isReadOnly(error.code, error.diagnostic) { return nil }
        last = error
      }
    }
    return last
  }

  /// Either may be restricted alone. slapd and 389 refuse them on a replica before they look for the entry, but a
  /// read-only domain controller refers only for entries that exist ([MS-ADTS], "Originating Updates Attempted on an RODC").
  private func operations() -> [Operation] {
    let nobody = "rollcall-check-\(UInt64.random(in: .min ... .max))"
    let change = Operation.modify(base, [Modification(.delete, "description", [AttributeValue(nobody)])])
    if isActiveDirectory { return [change] }
    return [.delete(base.child(RelativeDistinguishedName("cn", AttributeValue(nobody)))), change]
  }

  /// Marks the failures that come from a server that takes no writes.
  func judge(_ outcomes: inout [SequenceOutcome], _ session: LDAPSession) async {
    let doubtful = outcomes.indices.filter { index in
      outcomes[index].failure.map { ErrorClassifier.isReadOnly($0.code, $0.diagnostic) } ?? false
    }
    if doubtful.isEmpty { return }
    do throws(LDAPError) {
      if try await refusal(session) == nil { return }
      for index in doubtful { outcomes[index].failure?.isOfServer = true }
    } catch {
      for index in doubtful { outcomes[index].failure = error }
    }
  }
}

extension LDAPError {
  /// What the failure of a write means.
  func meaning(during activity: ErrorClassifier.Activity) -> FailureClass {
    isOfServer ? .ofTheDirectory : ErrorClassifier.classify(code: code, during: activity, diagnostic: diagnostic)
  }
}
