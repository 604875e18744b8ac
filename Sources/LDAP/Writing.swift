internal import CLDAP
public import LDAPModel
internal import Reactor

extension LDAPSession {
  /// Sends a write; its result is passed to `completion`, exactly once and never before this call has returned.
  ///
  /// The request is sent at the end of this turn of the loop, together with others. An add omits attributes without
  /// values.
  public func send(
    _ operation: Operation, _ completion: @escaping @Reactor (Result<Void, LDAPError>) -> Void
  ) {
    let verb = operation.verb
    let dn = operation.dn.text
    let outcome = Pending.Outcome.write(completion)
    guard let ld = unsafe handle?.ld else { return refuse(.serverDown, "", verb, dn, outcome) }
    let size = RequestSize(operation)
    if let reason = refusal(size) { return refuse(.encodingError, reason, verb, dn, outcome) }
    memory.begin(size.memory)
    var id: Int32 = 0
    let code = unsafe request(operation, ld, &id)
    guard code == LDAP_SUCCESS else { return unsent(code, verb, dn, outcome) }
    sent(id, verb, dn, outcome)
  }

  /// Sends a write and waits for its answer. Not cancellable: a write that was sent is carried out.
  public func perform(_ operation: Operation) async throws(LDAPError) {
    let result: Result<Void, LDAPError> = await unsafe withUnsafeContinuation { continuation in
      send(operation) { result in unsafe continuation.resume(returning: result) }
    }
    try result.get()
  }

  private func request(_ operation: Operation, _ ld: OpaquePointer, _ id: inout Int32) -> Int32 {
    let dn = unsafe memory.text(operation.dn.text)
    switch operation {
    case .add(_, let attributes):
      let allPresent = attributes.allSatisfy { !$0.values.isEmpty }
      let present = allPresent ? attributes : attributes.filter { !$0.values.isEmpty }
      return unsafe ldap_add_ext(ld, dn, memory.changes(present), nil, nil, &id)
    case .modify(_, let modifications):
      return unsafe ldap_modify_ext(ld, dn, memory.changes(modifications), nil, nil, &id)
    case .rename(_, let name, let deleteOld, let newParent):
      let parent = unsafe newParent.map { unsafe memory.text($0.text) }
      return unsafe ldap_rename(ld, dn, memory.text(name.text), parent, deleteOld ? 1 : 0, nil, nil, &id)
    case .delete:
      return unsafe ldap_delete_ext(ld, dn, nil, nil, &id)
    }
  }

  /// Why a request of that size is not sent; nil if it is.
  func refusal(_ size: RequestSize) -> String? {
    if size.hasNUL { return "a name contains a NUL" }
    if size.encoded > maximumMessageSize {
      return "the request takes up to \(size.encoded) octets, more than the \(maximumMessageSize) "
        + "that the server is known to take in one message"
    }
    return nil
  }

  /// Handles a request that libldap has not accepted: either it is invalid, or the connection is gone.
  func unsent(_ code: Int32, _ verb: Pending.Verb, _ dn: String, _ outcome: Pending.Outcome) {
    if code == LDAP_SERVER_DOWN { lost() }
    refuse(ResultCode(rawValue: code), handle?.diagnostic() ?? "", verb, dn, outcome)
  }
}

extension Operation {
  var verb: Pending.Verb {
    switch self {
    case .add: .add
    case .modify: .modify
    case .rename: .rename
    case .delete: .delete
    }
  }
}
