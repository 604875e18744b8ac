/// A set of keys whose removals are decided together, once all keys have been looked at.
public typealias RemovalBatch = Int

/// Records which removal batches decide on a key's removal.
///
/// A key belongs to a removal batch from the moment it was added with it until the batch is decided, or until the key
/// was found to stay. A retry, a group, a notification or a competing key that touches it meanwhile does not change
/// that: a part of a wipe that is noticed separately is still a part of the wipe.
public struct RemovalBatchBook: Sendable {
  private var members: [RosterKey: [RemovalBatch]] = [:]
  /// Unfinished turns of their keys.
  private var unplanned: [RemovalBatch: Int] = [:]
  private var abandoned: Set<RemovalBatch> = []

  public init() {}

  /// The removal batches that decide on this key's removal; empty: it is decided alone.
  public func of(_ key: RosterKey) -> [RemovalBatch] { members[key] ?? [] }

  /// How many turns of keys that were added with a removal batch have not ended.
  public func unplanned(in removalBatch: RemovalBatch) -> Int { unplanned[removalBatch] ?? 0 }

  /// Whether the batch will never be decided; its successor finds its keys again.
  public func isAbandoned(_ removalBatch: RemovalBatch) -> Bool { abandoned.contains(removalBatch) }

  mutating func join(_ key: RosterKey, _ removalBatch: RemovalBatch) {
    if members[key]?.contains(removalBatch) != true { members[key, default: []].append(removalBatch) }
  }

  /// Records that another turn of one of its keys will follow.
  mutating func begin(_ removalBatch: RemovalBatch) { unplanned[removalBatch, default: 0] += 1 }

  mutating func end(turnIn removalBatch: RemovalBatch) {
    guard let count = unplanned[removalBatch] else { return }
    unplanned[removalBatch] = count > 1 ? count - 1 : nil
  }

  /// Records the end of a key's turn.
  ///
  /// - Parameter next: the removal batches that wait for its next turn.
  mutating func ended(_ key: RosterKey, staying: Bool, next: [RemovalBatch]) {
    guard let all = members[key] else { return }
    let left = all.filter { next.contains($0) || !staying && !abandoned.contains($0) }
    members[key] = left.isEmpty ? nil : left
  }

  mutating func end(_ removalBatch: RemovalBatch) {
    unplanned[removalBatch] = nil
    for (key, all) in members where all.contains(removalBatch) {
      let left = all.filter { $0 != removalBatch }
      members[key] = left.isEmpty ? nil : left
    }
  }

  /// - Parameter isOpen: whether a key is still to be looked at.
  mutating func abandon(_ removalBatch: RemovalBatch, isOpen: (RosterKey) -> Bool) {
    abandoned.insert(removalBatch)
    for (key, all) in members where all.contains(removalBatch) && !isOpen(key) {
      let left = all.filter { $0 != removalBatch }
      members[key] = left.isEmpty ? nil : left
    }
  }
}
