internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// Reads the entries for a plan.
@Reactor
struct EntryFinder {
  /// Terms of one filter: according to measurements, a server returns most entries per second with about this many.
  private static let terms = 32

  let base: DistinguishedName
  /// The scope in which values have to be unique.
  let suffix: DistinguishedName
  let link: String
  /// A further condition that every managed entry must match.
  let filter: Filter?
  let attributes: [String]

  /// The same finder for all entries that carry a link.
  var unfiltered: EntryFinder {
    EntryFinder(base: base, suffix: suffix, link: link, filter: nil, attributes: [link])
  }

  /// The filter for all entries that carry any link.
  var everyone: Filter { narrowed(.present(link)) }

  /// The same finder for those entries that also match another filter; it requests only their names.
  func only(_ other: Filter) -> EntryFinder {
    EntryFinder(
      base: base, suffix: suffix, link: link, filter: filter.map { .and([$0, other]) } ?? other, attributes: ["1.1"])
  }

  /// The same finder with other requested attributes.
  func asking(for attributes: [String]) -> EntryFinder {
    EntryFinder(base: base, suffix: suffix, link: link, filter: filter, attributes: attributes)
  }

  private func narrowed(_ condition: Filter) -> Filter {
    filter.map { .and([condition, $0]) } ?? condition
  }

  /// Searches for the entries that carry one of these keys as their link; they come in no particular order.
  ///
  /// The searches have been sent when this returns. Reading the answer throws if any of them did not succeed: no
  /// entry is considered absent then.
  func linked(to keys: [RosterKey], _ session: LDAPSession) -> SearchGathering {
    let filters = stride(from: 0, to: keys.count, by: EntryFinder.terms).map { start in
      let some = keys[start..<min(start + EntryFinder.terms, keys.count)]
      let terms = some.map { Filter.equal(link, AttributeValue($0)) }
      return narrowed(terms.count == 1 ? terms[0] : .or(terms))
    }
    return all(filters.map { (base, .subtree, $0) }, session)
  }

  /// Codes that mean that no entry has the name, or that the name is invalid for this server.
  static let none: Set<ResultCode> = [.noSuchObject, .invalidDNSyntax, .encodingError]

  /// The entries at these names and with these values; a name that does not exist is not an error.
  ///
  /// A name at which the server shows nothing, for whatever reason that concerns this name alone, has no holder that
  /// could give way: the write that uses the name is refused with the reason, and nobody else waits for it.
  ///
  /// - Parameter narrow: attributes whose values are unique only below the base.
  func claimed(
    _ claims: [Claim], narrow: Set<String> = [], _ session: LDAPSession
  ) async throws(EngineError) -> [Entry] {
    var names: [(DistinguishedName, SearchScope, Filter)] = []
    var values = names
    for claim in claims {
      switch claim {
      case .name(let dn): names.append((dn, .base, .present("objectClass")))
      case .value(let attribute, let value):
        values.append((narrow.contains(attribute) ? base : suffix, .subtree, .equal(attribute, value)))
      }
    }
    // Both are sent before either answer is awaited.
    let atNames = all(names, session, absent: EntryFinder.none.union(ErrorClassifier.objectCodes))
    let withValues = all(values, session, absent: EntryFinder.none)
    return try await atNames.entries() + withValues.entries()
  }

  /// Runs searches concurrently and joins their results.
  private func all(
    _ searches: [(DistinguishedName, SearchScope, Filter)], _ session: LDAPSession, absent: Set<ResultCode> = []
  ) -> SearchGathering {
    let removalBatch = SearchGathering(searches.count, absent)
    for (base, scope, filter) in searches {
      session.search(base: base, scope: scope, filter: filter, attributes: attributes) { removalBatch.take($0) }
    }
    session.sendNow()
    return removalBatch
  }
}

extension LDAPSession {
  /// Starts a search; the request is sent together with the following ones.
  ///
  /// A base that does not exist is not an error.
  func gather(
    base: DistinguishedName, scope: SearchScope, filter: Filter, attributes: [String]
  ) -> SearchGathering {
    let gathering = SearchGathering(1, [.noSuchObject])
    search(base: base, scope: scope, filter: filter, attributes: attributes) { gathering.take($0) }
    return gathering
  }
}

/// Joins the answers of concurrent searches; one failure fails all of them.
@Reactor
final class SearchGathering {
  private var open: Int
  private let absent: Set<ResultCode>
  private var found: [Entry] = []
  private var failure: LDAPError?
  private var waiter: (@Reactor () -> Void)?

  fileprivate init(_ count: Int, _ absent: Set<ResultCode>) {
    open = count
    self.absent = absent
  }

  fileprivate func take(_ result: Result<[Entry], LDAPError>) {
    switch result {
    case .success(let entries): found += entries
    case .failure(let error): if !absent.contains(error.code) { failure = failure ?? error }
    }
    open -= 1
    if open == 0 { waiter?() }
  }

  /// The entries that all searches have found; call it once.
  func entries() async throws(EngineError) -> [Entry] {
    if open > 0 {
      unsafe await withUnsafeContinuation { continuation in waiter = { unsafe continuation.resume() } }
    }
    if let failure { throw .directory(failure) }
    return found
  }
}
