internal import LDAPModel
internal import Reactor

/// A request that was sent and not answered yet.
struct Pending {
  enum Verb: String {
    case add, modify, rename, delete, search, bind
    case whoAmI = "who am I"
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

  /// When it is given up. A search goes on as long as it brings entries.
  @Reactor
  func deadline(_ limit: Duration) -> ContinuousClock.Instant {
    guard case .search(let progress) = outcome, let heard = progress.heard else { return deadline }
    return max(deadline, heard + limit)
  }

  /// For errors; not made before one is there.
  var operation: String { dn.isEmpty ? verb.rawValue : "\(verb.rawValue) \(dn)" }

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

  var entries: [Entry] = []
  /// When the last entry came.
  var heard: ContinuousClock.Instant?
  let isPaged: Bool
  let completion: @Reactor (Result<Page, LDAPError>) -> Void

  init(isPaged: Bool, _ completion: @escaping @Reactor (Result<Page, LDAPError>) -> Void) {
    self.isPaged = isPaged
    self.completion = completion
  }
}
