internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallCore

/// Reads the entries that a plan is made from.
@Reactor
struct EntryFinder {
  /// Terms of one filter: measured, a server answers most entries a second with about this many.
  private static let terms = 32

  let base: DistinguishedName
  /// As far as values have to be unique.
  let suffix: DistinguishedName
  let link: String
  /// What every entry of ours must match besides.
  let filter: Filter?
  let attributes: [String]

  /// The filter for all entries that carry any link.
  var everyone: Filter { narrowed(.present(link)) }

  private func narrowed(_ condition: Filter) -> Filter {
    filter.map { .and([condition, $0]) } ?? condition
  }

  /// The entries that carry one of these keys as their link, in no order.
  ///
  /// - Throws: ``LDAPError`` when any search did not end in success: nobody is absent then.
  func linked(to keys: [String], _ session: LDAPSession) async throws(EngineError) -> [Entry] {
    let filters = stride(from: 0, to: keys.count, by: EntryFinder.terms).map { start in
      let some = keys[start..<min(start + EntryFinder.terms, keys.count)]
      let terms = some.map { Filter.equal(link, AttributeValue($0)) }
      return narrowed(terms.count == 1 ? terms[0] : .or(terms))
    }
    return try await all(filters.map { (base, .subtree, $0) }, session)
  }

  /// The entries at these names and with these values; a name that does not exist is no error.
  func claimed(_ claims: [Claim], _ session: LDAPSession) async throws(EngineError) -> [Entry] {
    let searches: [(DistinguishedName, SearchScope, Filter)] = claims.map { claim in
      switch claim {
      case .name(let dn): (dn, .base, .present("objectClass"))
      case .value(let attribute, let value): (suffix, .subtree, .equal(attribute, value))
      }
    }
    // What is no name to this server is nobody's; whoever wants it is told when it is to be added.
    return try await all(searches, session, absent: [.noSuchObject, .invalidDNSyntax, .encodingError])
  }

  /// Runs searches side by side and joins what they found.
  private func all(
    _ searches: [(DistinguishedName, SearchScope, Filter)], _ session: LDAPSession, absent: Set<ResultCode> = []
  ) async throws(EngineError) -> [Entry] {
    if searches.isEmpty { return [] }
    let result: Result<[Entry], LDAPError> = unsafe await withUnsafeContinuation { continuation in
      let gathering = SearchGathering(searches.count, absent) { unsafe continuation.resume(returning: $0) }
      for (base, scope, filter) in searches {
        session.search(base: base, scope: scope, filter: filter, attributes: attributes) { gathering.take($0) }
      }
    }
    return try result.mapError { EngineError.directory($0) }.get()
  }
}

/// Joins the answers of searches that run side by side; one failure fails them all.
@Reactor
private final class SearchGathering {
  private var open: Int
  private let absent: Set<ResultCode>
  private var entries: [Entry] = []
  private var failure: LDAPError?
  private let completion: @Reactor (Result<[Entry], LDAPError>) -> Void

  init(
    _ count: Int, _ absent: Set<ResultCode>, _ completion: @escaping @Reactor (Result<[Entry], LDAPError>) -> Void
  ) {
    open = count
    self.absent = absent
    self.completion = completion
  }

  func take(_ result: Result<[Entry], LDAPError>) {
    switch result {
    case .success(let found): entries += found
    case .failure(let error): if !absent.contains(error.code) { failure = failure ?? error }
    }
    open -= 1
    if open == 0 { completion(failure.map { .failure($0) } ?? .success(entries)) }
  }
}
