/// A set of keys whose removals are decided together, once all of it has been looked at.
public typealias RemovalBatch = Int

/// Says which removal batches decide over a key's removal.
///
/// A key belongs to a removal batch from the moment it was handed in with it until that is decided, or until the key was
/// found to stay. A retry, a group, a notification or a rival that brings the key meanwhile changes nothing about it:
/// a part of a wipe that is noticed by itself is still a part of the wipe.
public struct RemovalBatchBook: Sendable {
  private var members: [RosterKey: [RemovalBatch]] = [:]
  /// Turns of their keys that have not come to an end.
  private var unplanned: [RemovalBatch: Int] = [:]
  private var abandoned: Set<RemovalBatch> = []

  public init() {}

  /// The removal batches that decide over this key's removal; empty: it is decided by itself.
  public func of(_ key: RosterKey) -> [RemovalBatch] { members[key] ?? [] }

  /// How many turns of keys that were handed in with a removal batch have not come to an end.
  public func unplanned(in removalBatch: RemovalBatch) -> Int { unplanned[removalBatch] ?? 0 }

  /// Whether nobody will decide it; its successor finds its keys again.
  public func isAbandoned(_ removalBatch: RemovalBatch) -> Bool { abandoned.contains(removalBatch) }

  mutating func join(_ key: RosterKey, _ removalBatch: RemovalBatch) {
    if members[key]?.contains(removalBatch) != true { members[key, default: []].append(removalBatch) }
  }

  /// Another turn of one of its keys is to come.
  mutating func begin(_ removalBatch: RemovalBatch) { unplanned[removalBatch, default: 0] += 1 }

  mutating func end(turnIn removalBatch: RemovalBatch) {
    guard let count = unplanned[removalBatch] else { return }
    unplanned[removalBatch] = count > 1 ? count - 1 : nil
  }

  /// Notes the end of a key's turn.
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
