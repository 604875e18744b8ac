internal import LDAP
internal import RollcallCore

/// Which of the configured URLs is tried next.
struct ServerChoice {
  /// For how long a server that takes no writes is left alone; then it may have become another one.
  private static let respite: Duration = .seconds(30)

  private let urls: [String]
  /// The URL that answered last is tried first.
  private var first = 0
  /// Servers that take no writes, since when, and their words.
  private var readOnly: [String: (since: ContinuousClock.Instant, error: LDAPError)] = [:]

  init(_ urls: [String]) { self.urls = urls }

  /// The URLs to be tried, in order.
  func order(_ now: ContinuousClock.Instant) -> [String] {
    let all = urls.indices.map { urls[(first + $0) % urls.count] }
    return all.filter { url in readOnly[url].map { now - $0.since > ServerChoice.respite } ?? true }
  }

  mutating func answered(_ url: String) { first = urls.firstIndex(of: url) ?? first }

  /// Notes that a server takes no writes; says whether another one is tried next.
  mutating func takesNoWrites(_ url: String, _ error: LDAPError, _ now: ContinuousClock.Instant) -> Bool {
    readOnly[url] = (now, error)
    if let index = urls.firstIndex(of: url) { first = (index + 1) % urls.count }
    return !order(now).isEmpty
  }

  /// Notes that a server has taken a write; says whether one did not before.
  mutating func takesWrites(_ url: String) -> Bool {
    if readOnly.isEmpty { return false }
    readOnly[url] = nil
    return true
  }

  /// What is wrong where every server takes no writes.
  var refusal: LDAPError? {
    guard let worst = readOnly.max(by: { $0.value.since < $1.value.since }) else { return nil }
    var error = worst.value.error
    let words = error.diagnostic.isEmpty ? "" : " (\(error.diagnostic))"
    error.diagnostic =
      "\(worst.key) takes no writes: it says \(error.code)\(words); name the server that does in directory.url"
    return error
  }

  /// The failure of the last server tried, with the ones that take no writes.
  func explain(_ error: LDAPError) -> LDAPError {
    guard let refusal, !error.diagnostic.contains("takes no writes") else { return error }
    var error = error
    error.diagnostic += (error.diagnostic.isEmpty ? "" : "; ") + refusal.diagnostic
    return error
  }
}
