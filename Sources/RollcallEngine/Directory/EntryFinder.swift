internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

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

  /// The same for whatever carries a link.
  var unfiltered: EntryFinder {
    EntryFinder(base: base, suffix: suffix, link: link, filter: nil, attributes: [link])
  }

  /// The filter for all entries that carry any link.
  var everyone: Filter { narrowed(.present(link)) }

  /// The same finder for those of the entries that match another filter too, of which only the names are asked for.
  func only(_ other: Filter) -> EntryFinder {
    EntryFinder(
      base: base, suffix: suffix, link: link, filter: filter.map { .and([$0, other]) } ?? other, attributes: ["1.1"])
  }

  /// The same finder for other attributes of them.
  func asking(for attributes: [String]) -> EntryFinder {
    EntryFinder(base: base, suffix: suffix, link: link, filter: filter, attributes: attributes)
  }

  private func narrowed(_ condition: Filter) -> Filter {
    filter.map { .and([condition, $0]) } ?? condition
  }

  /// Asks for the entries that carry one of these keys as their link; they come in no order.
  ///
  /// The searches are on their way when this returns. Their answer throws when any of them did not end in success:
  /// nobody is absent then.
  func linked(to keys: [RosterKey], _ session: LDAPSession) -> SearchGathering {
    let filters = stride(from: 0, to: keys.count, by: EntryFinder.terms).map { start in
      let some = keys[start..<min(start + EntryFinder.terms, keys.count)]
      let terms = some.map { Filter.equal(link, AttributeValue($0)) }
      return narrowed(terms.count == 1 ? terms[0] : .or(terms))
    }
    return all(filters.map { (base, .subtree, $0) }, session)
  }

  /// The entries at these names and with these values; a name that does not exist is no error.
  ///
  /// - Parameters:
  ///   - narrow: attributes whose values are unique below the base only.
  ///   - other: what they have to match; nil takes any.
  func claimed(
    _ claims: [Claim], narrow: Set<String> = [], matching other: Filter? = nil, _ session: LDAPSession
  ) async throws(EngineError) -> [Entry] {
    let searches: [(DistinguishedName, SearchScope, Filter)] = claims.map { claim in
      switch claim {
      case .name(let dn): (dn, .base, other ?? .present("objectClass"))
      case .value(let attribute, let value):
        (
          narrow.contains(attribute) ? base : suffix, .subtree,
          other.map { .and([.equal(attribute, value), $0]) } ?? .equal(attribute, value)
        )
      }
    }
    // What is no name to this server is nobody's; whoever wants it is told when it is to be added.
    return try await all(searches, session, absent: [.noSuchObject, .invalidDNSyntax, .encodingError]).entries()
  }

  /// Runs searches side by side and joins what they find.
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
  /// Asks for entries; the search is sent with what follows it.
  ///
  /// A base that does not exist is no error.
  func gather(
    base: DistinguishedName, scope: SearchScope, filter: Filter, attributes: [String]
  ) -> SearchGathering {
    let gathering = SearchGathering(1, [.noSuchObject])
    search(base: base, scope: scope, filter: filter, attributes: attributes) { gathering.take($0) }
    return gathering
  }
}

/// Joins the answers of searches that run side by side; one failure fails them all.
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

  /// What all of them have found; to be asked once.
  func entries() async throws(EngineError) -> [Entry] {
    if open > 0 {
      unsafe await withUnsafeContinuation { continuation in waiter = { unsafe continuation.resume() } }
    }
    if let failure { throw .directory(failure) }
    return found
  }
}
