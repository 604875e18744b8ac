internal import CLDAP
public import LDAPModel
internal import Reactor

/// The scope of a search below its base (RFC 4511 section 4.5.1.2).
public enum SearchScope: Int32, Sendable {
  case base = 0
  case oneLevel = 1
  case subtree = 2
}

extension LDAPSession {
  /// Searches and returns all entries, or the failure: never a part of them, so that an entry missing in the result
  /// is missing in the directory. References to other servers are left out.
  ///
  /// - Parameters:
  ///   - attributes: what to read; empty means all user attributes, `1.1` none at all, `+` the operational ones.
  ///   - sizeLimit: more entries than this fail with `sizeLimitExceeded`; 0 leaves it to the server.
  public func search(
    base: DistinguishedName, scope: SearchScope, filter: Filter, attributes: [String] = [],
    sizeLimit: Int = 0,
    _ completion: @escaping @Reactor (Result<[Entry], LDAPError>) -> Void
  ) {
    let progress = SearchProgress(reach: SearchReach(base, scope)) { completion($0.map(\.entries)) }
    let query = SearchQuery(base: base, scope: scope, filter: filter, attributes: attributes)
    search(query, sizeLimit: sizeLimit, control: nil, progress)
  }

  /// Searches and waits; cancelling the task abandons the search, which then fails with `userCancelled`.
  public func search(
    base: DistinguishedName, scope: SearchScope, filter: Filter, attributes: [String] = [], sizeLimit: Int = 0
  ) async throws(LDAPError) -> [Entry] {
    let query = SearchQuery(base: base, scope: scope, filter: filter, attributes: attributes)
    return try await page(query, sizeLimit: sizeLimit, control: nil).entries
  }

  func page(
    _ query: SearchQuery, sizeLimit: Int, control: (any SearchControl)?
  ) async throws(LDAPError) -> SearchProgress.Page {
    let ticket = Ticket()
    let result: Result<SearchProgress.Page, LDAPError> = await withTaskCancellationHandler {
      await unsafe withUnsafeContinuation { continuation in
        let reach = SearchReach(query.base, query.scope)
        let progress = SearchProgress(reach: reach, pageSize: (control as? PageRequest)?.size) { result in
          unsafe continuation.resume(returning: result)
        }
        ticket.id = search(query, sizeLimit: sizeLimit, control: control, progress)
        if Task.isCancelled, let id = ticket.id { abandon(id) }
      }
    } onCancel: {
      Reactor.task { if let id = ticket.id { self.abandon(id) } }
    }
    return try result.get()
  }

  /// The message id of a search, for abandoning it.
  @Reactor
  private final class Ticket {
    var id: Int32?
    nonisolated init() {}
  }

  /// The id of the request; nil if it could not be sent, which is reported to `progress`.
  @discardableResult
  private func search(
    _ query: SearchQuery, sizeLimit: Int, control: (any SearchControl)?, _ progress: SearchProgress
  ) -> Int32? {
    let dn = query.base.text
    let outcome = Pending.Outcome.search(progress)
    guard let ld = unsafe handle?.ld else {
      refuse(.serverDown, "", .search, dn, outcome)
      return nil
    }
    let size = RequestSize(base: dn, filter: query.filter, attributes: query.attributes)
    if let reason = refusal(size) {
      refuse(.encodingError, reason, .search, dn, outcome)
      return nil
    }
    memory.begin(size.memory)
    let base = unsafe memory.text(dn)
    let filter = unsafe memory.text(query.filter)
    let attributes = unsafe query.attributes.isEmpty ? nil : memory.texts(query.attributes)
    let limit = Int32(clamping: sizeLimit)
    var id: Int32 = 0
    func send(_ controls: UnsafeMutablePointer<UnsafeMutablePointer<LDAPControl>?>?) -> Int32 {
      unsafe ldap_search_ext(
        ld, base, query.scope.rawValue, filter, attributes, 0, controls, nil, nil, limit, &id)
    }
    let code = unsafe control?.withControl(ld) { unsafe send($0) } ?? send(nil)
    guard code == LDAP_SUCCESS else {
      unsent(code, .search, dn, outcome)
      return nil
    }
    sent(id, .search, dn, outcome)
    return id
  }
}

/// A control of a search.
protocol SearchControl: Sendable {
  /// The octets that it is created from.
  var octets: [UInt8] { get }

  /// Lets libldap create it from these octets, which it copies; returns libldap's code.
  func make(
    _ ld: OpaquePointer, _ value: inout berval, _ control: inout UnsafeMutablePointer<LDAPControl>?
  ) -> Int32
}

extension SearchControl {
  /// Calls `body` with the list of this one control, and returns libldap's code for it.
  func withControl(
    _ ld: OpaquePointer, _ body: (UnsafeMutablePointer<UnsafeMutablePointer<LDAPControl>?>) -> Int32
  ) -> Int32 {
    var octets = self.octets
    var control: UnsafeMutablePointer<LDAPControl>?
    let code = unsafe octets.withUnsafeMutableBytes { bytes in
      var value = unsafe berval(
        bv_len: ber_len_t(bytes.count), bv_val: bytes.baseAddress?.assumingMemoryBound(to: CChar.self))
      return unsafe make(ld, &value, &control)
    }
    guard code == LDAP_SUCCESS else { return code }
    defer { unsafe ldap_control_free(control) }
    let item = unsafe UnsafeMutablePointer<LDAPControl>?.self
    return unsafe withUnsafeTemporaryAllocation(of: item, capacity: 2) { list in
      unsafe list.initializeElement(at: 0, to: control)
      unsafe list.initializeElement(at: 1, to: nil)
      return unsafe body(list.baseAddress!)
    }
  }
}

/// The parameters of a search.
struct SearchQuery: Sendable {
  let base: DistinguishedName
  let scope: SearchScope
  /// RFC 4515
  let filter: String
  let attributes: [String]

  init(base: DistinguishedName, scope: SearchScope, filter: Filter, attributes: [String]) {
    self.base = base
    self.scope = scope
    self.filter = filter.description
    self.attributes = attributes
  }
}
