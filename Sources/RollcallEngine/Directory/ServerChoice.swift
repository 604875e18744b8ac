internal import LDAP
internal import RollcallCore

/// Chooses which of the configured URLs is tried next.
struct ServerChoice {
  /// How long a server that accepts no writes is skipped; afterwards it may accept them.
  private static let respite: Duration = .seconds(30)

  private let urls: [String]
  /// The URL that answered last is tried first.
  private var first = 0
  /// Servers that accept no writes: since when, and their message.
  private var readOnly: [String: (since: ContinuousClock.Instant, error: LDAPError)] = [:]

  init(_ urls: [String]) { self.urls = urls }

  /// The URLs to try, in order.
  func order(_ now: ContinuousClock.Instant) -> [String] {
    let all = urls.indices.map { urls[(first + $0) % urls.count] }
    return all.filter { url in readOnly[url].map { now - $0.since > ServerChoice.respite } ?? true }
  }

  mutating func answered(_ url: String) { first = urls.firstIndex(of: url) ?? first }

  /// Records that a server accepts no writes; returns whether another one is tried next.
  mutating func takesNoWrites(_ url: String, _ error: LDAPError, _ now: ContinuousClock.Instant) -> Bool {
    readOnly[url] = (now, error)
    if let index = urls.firstIndex(of: url) { first = (index + 1) % urls.count }
    return !order(now).isEmpty
  }

  /// Records that a server has accepted a write; returns whether some server did not before.
  mutating func takesWrites(_ url: String) -> Bool {
    if readOnly.isEmpty { return false }
    readOnly[url] = nil
    return true
  }

  /// The error if every server refuses writes.
  var refusal: LDAPError? {
    guard let worst = readOnly.max(by: { $0.value.since < $1.value.since }) else { return nil }
    var error = worst.value.error
    let words = error.diagnostic.isEmpty ? "" : " (\(error.diagnostic))"
    error.diagnostic =
      "\(worst.key) takes no writes: it says \(error.code)\(words); name the server that does in directory.url"
    return error
  }

  /// The failure of the last server tried, with those that accept no writes.
  func explain(_ error: LDAPError) -> LDAPError {
    guard let refusal, !error.diagnostic.contains("takes no writes") else { return error }
    var error = error
    error.diagnostic += (error.diagnostic.isEmpty ? "" : "; ") + refusal.diagnostic
    return error
  }
}
