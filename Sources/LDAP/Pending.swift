internal import CLDAP
internal import LDAPModel
internal import PlainText
internal import Reactor

/// A request that was sent and not answered yet.
struct Pending {
  enum Verb: String {
    case add, modify, rename, delete, search, bind
    case whoAmI = "who am I"

    /// The tag that an answer to it has.
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

  /// Who waits for what.
  enum Outcome {
    case write(@Reactor (Result<Void, LDAPError>) -> Void)
    case search(SearchProgress)
    /// Who am I, with the identity.
    case identity(@Reactor (Result<String, LDAPError>) -> Void)
  }

  let verb: Verb
  let dn: String
  let outcome: Outcome
  let deadline: ContinuousClock.Instant

  /// When it is given up. A search goes on while it brings entries, but not for ever.
  @Reactor
  func deadline(_ limit: Duration) -> ContinuousClock.Instant {
    guard case .search(let progress) = outcome, let heard = progress.heard else { return deadline }
    return min(max(deadline, heard + limit), deadline + limit * (AnswerLimits.longestSearch - 1))
  }

  /// For errors; not made before one is there.
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
    /// Where the next page starts; empty after the last and for a search without pages.
    var cookie: [UInt8] = []
  }

  private(set) var entries: [Entry] = []
  /// What they take in memory, about.
  private(set) var octets = 0
  /// When the last entry came.
  var heard: ContinuousClock.Instant?
  /// What the search can bring; nil: anything.
  let reach: SearchReach?
  /// The most entries of a page; nil where the search has no pages.
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

  /// What is wrong with what has come in; nil where nothing is.
  func violation(_ limits: AnswerLimits) -> String? {
    if octets > limits.octets { return "its answer takes more than \(limits.octets) octets" }
    if let pageSize, pageSize > 0, entries.count > pageSize { return "it sends more entries than a page holds" }
    if reach?.scope == .base, entries.count > 1 { return "it finds several entries of one name" }
    return nil
  }
}

extension Entry {
  /// Octets that it takes in memory, about: what is written, and a little for each part.
  fileprivate var memory: Int {
    attributes.reduce(128 + dn.text.utf8.count) { sum, attribute in
      attribute.values.reduce(sum + 48 + attribute.name.utf8.count) { $0 + 56 + $1.bytes.count }
    }
  }
}
