internal import LDAPModel
package import Reactor
internal import RollcallCore

/// The links that a comparison has seen, as hashes under the link's matching rule.
///
/// Swift seeds its hashes anew in each process, so two links that collide (one pair in 10^19) do not do so twice.
@Reactor
package final class SeenLinks {
  private var hashes = HashShelves()
  /// Pages that were seen and whose keys have not been queued yet.
  private var pages: [Set<UInt64>] = []
  private let rule: MatchingRule

  init(_ rule: MatchingRule) { self.rule = rule }

  var count: Int { hashes.count }

  private func hash(_ value: AttributeValue) -> UInt64 {
    var hasher = Hasher()
    hasher.combine(rule.normalize(value))
    return UInt64(bitPattern: Int64(hasher.finalize()))
  }

  func beginPage() { pages.append([]) }

  /// The oldest page's keys have been compared, and those that differ were queued.
  func pageIsDone() { pages.removeFirst() }

  /// Whether a link is seen for the first time.
  func insert(_ value: AttributeValue) -> Bool {
    let hash = hash(value)
    guard hashes.insert(hash) else { return false }
    if !pages.isEmpty { pages[pages.count - 1].insert(hash) }
    return true
  }

  func contains(_ value: AttributeValue) -> Bool { hashes.contains(hash(value)) }

  /// Whether the comparison has passed this key: it is in step, or was queued.
  func hasLookedAt(_ key: RosterKey) -> Bool {
    let hash = hash(AttributeValue(key))
    return hashes.contains(hash) && !pages.contains { $0.contains(hash) }
  }
}
