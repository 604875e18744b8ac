internal import CLDAP
internal import LDAPModel
internal import PlainText
internal import Reactor

/// A request that was sent and not answered yet.
struct Pending {
  enum Verb: String {
    case add, modify, rename, delete, search, bind
    case whoAmI = "who am I"

    /// The tag of its answer.
    var answer: ber_tag_t {
      switch self {
      case .add: LDAP_RES_ADD
      case .modify: LDAP_RES_MODIFY
      case .rename: LDAP_RES_MODDN
      case .delete: LDAP_RES_DELETE
      case .search: LDAP_RES_SEARCH_RESULT
      case .bind: LDAP_RES_BIND
      case .whoAmI: LDAP_RES_EXTENDED
      }
    }
  }

  /// The completion handler.
  enum Outcome {
    case write(@Reactor (Result<Void, LDAPError>) -> Void)
    case search(SearchProgress)
    /// Who am I?, with the identity.
    case identity(@Reactor (Result<String, LDAPError>) -> Void)
  }

  let verb: Verb
  let dn: String
  let outcome: Outcome
  let deadline: ContinuousClock.Instant

  /// When it times out. A search continues while entries arrive, but not forever.
  @Reactor
  func deadline(_ limit: Duration) -> ContinuousClock.Instant {
    guard case .search(let progress) = outcome, let heard = progress.heard else { return deadline }
    return min(max(deadline, heard + limit), deadline + limit * (AnswerLimits.longestSearch - 1))
  }

  /// For errors; created only when needed.
  var operation: String { dn.isEmpty ? verb.rawValue : "\(verb.rawValue) \(dn.excerpt())" }

  @Reactor
  func fail(_ error: LDAPError) {
    switch outcome {
    case .write(let completion): completion(.failure(error))
    case .search(let progress): progress.completion(.failure(error))
    case .identity(let completion): completion(.failure(error))
    }
  }
}

/// The entries of a search that have come in so far.
@Reactor
final class SearchProgress {
  /// A completed search: all entries of it, or of this page.
  struct Page: Sendable {
    var entries: [Entry]
    /// The cookie of the next page; empty after the last and for a search without pages.
    var cookie: [UInt8] = []
  }

  private(set) var entries: [Entry] = []
  /// Their approximate size in memory.
  private(set) var octets = 0
  /// When the last entry arrived.
  var heard: ContinuousClock.Instant?
  /// The names that the search can return; nil: any.
  let reach: SearchReach?
  /// The maximum number of entries of a page; nil if the search has no pages.
  let pageSize: Int?
  let completion: @Reactor (Result<Page, LDAPError>) -> Void

  init(
    reach: SearchReach? = nil, pageSize: Int? = nil,
    _ completion: @escaping @Reactor (Result<Page, LDAPError>) -> Void
  ) {
    self.reach = reach
    self.pageSize = pageSize
    self.completion = completion
  }

  func add(_ entry: Entry) {
    entries.append(entry)
    octets += entry.memory
  }

  /// The violation in the received answers; nil if there is none.
  func violation(_ limits: AnswerLimits) -> String? {
    if octets > limits.octets { return "its answer takes more than \(limits.octets) octets" }
    if let pageSize, pageSize > 0, entries.count > pageSize { return "it sends more entries than a page holds" }
    if reach?.scope == .base, entries.count > 1 { return "it finds several entries with the same name" }
    return nil
  }
}

extension Entry {
  /// The approximate size in memory in octets: the contents, plus a little for each part.
  fileprivate var memory: Int {
    attributes.reduce(128 + dn.text.utf8.count) { sum, attribute in
      attribute.values.reduce(sum + 48 + attribute.name.utf8.count) { $0 + 56 + $1.bytes.count }
    }
  }
}
