/// A set of keys whose removals are decided together, once all keys have been looked at.
public typealias RemovalBatch = Int

/// Records which removal batches decide on a key's removal.
///
/// A key belongs to a removal batch from the moment it was added with it until the batch is decided, or until the key
/// was found to stay. A retry, a group, a notification or a competing key that touches it meanwhile does not change
/// that: a part of a wipe that is noticed separately is still a part of the wipe.
///
/// A change that the log has not marked as urgent, in a transaction that is not marked as a batch, takes nobody's access
/// away by itself: a key joins plainly with it. Of a leaver, whose own change is marked, such batches do not decide;
/// otherwise somebody whose e-mail address a storm has just changed would wait until the storm is over.
public struct RemovalBatchBook: Sendable {
  private var members: [RosterKey: [RemovalBatch]] = [:]
  /// Those of them in which a key's changes are all plain.
  private var plain: [RosterKey: [RemovalBatch]] = [:]
  /// Unfinished turns of their keys.
  private var unplanned: [RemovalBatch: Int] = [:]
  private var abandoned: Set<RemovalBatch> = []

  public init() {}

  /// The removal batches that decide on this key's removal; empty: it is decided alone.
  public func of(_ key: RosterKey) -> [RemovalBatch] { members[key] ?? [] }

  /// Those of them that decide on a leaver, too.
  public func binding(_ key: RosterKey) -> [RemovalBatch] {
    guard let others = plain[key] else { return of(key) }
    return of(key).filter { !others.contains($0) }
  }

  /// How many turns of keys that were added with a removal batch have not ended.
  public func unplanned(in removalBatch: RemovalBatch) -> Int { unplanned[removalBatch] ?? 0 }

  /// Whether the batch will never be decided; its successor finds its keys again.
  public func isAbandoned(_ removalBatch: RemovalBatch) -> Bool { abandoned.contains(removalBatch) }

  /// Whether a batch that will never be decided is among those of this key.
  func isWithheldByAbandoned(_ key: RosterKey) -> Bool {
    !abandoned.isEmpty && of(key).contains(where: abandoned.contains)
  }

  mutating func join(_ key: RosterKey, _ removalBatch: RemovalBatch, isPlain: Bool) {
    if members[key]?.contains(removalBatch) != true {
      members[key, default: []].append(removalBatch)
      if isPlain { plain[key, default: []].append(removalBatch) }
    } else if !isPlain {
      remove(removalBatch, fromPlain: key)
    }
  }

  private mutating func remove(_ removalBatch: RemovalBatch, fromPlain key: RosterKey) {
    guard let left = plain[key]?.filter({ $0 != removalBatch }) else { return }
    plain[key] = left.isEmpty ? nil : left
  }

  /// Sets the batches of a key.
  private mutating func set(_ left: [RemovalBatch], of key: RosterKey) {
    members[key] = left.isEmpty ? nil : left
    guard let those = plain[key]?.filter(left.contains) else { return }
    plain[key] = those.isEmpty ? nil : those
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
    set(all.filter { next.contains($0) || !staying && !abandoned.contains($0) }, of: key)
  }

  /// - Returns: the keys that belonged to it.
  mutating func end(_ removalBatch: RemovalBatch) -> [RosterKey] {
    unplanned[removalBatch] = nil
    return take(removalBatch) { _ in true }
  }

  /// - Parameter isOpen: whether a key is still to be looked at.
  /// - Returns: the keys that belong to it no more.
  mutating func abandon(_ removalBatch: RemovalBatch, isOpen: (RosterKey) -> Bool) -> [RosterKey] {
    abandoned.insert(removalBatch)
    return take(removalBatch) { !isOpen($0) }
  }

  /// Takes keys out of a batch.
  private mutating func take(_ removalBatch: RemovalBatch, where isTaken: (RosterKey) -> Bool) -> [RosterKey] {
    let keys = members.filter { $0.value.contains(removalBatch) && isTaken($0.key) }.map(\.key)
    for key in keys { set(of(key).filter { $0 != removalBatch }, of: key) }
    return keys
  }
}
