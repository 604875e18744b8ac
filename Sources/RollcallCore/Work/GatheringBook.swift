/// A set of keys whose removals are decided together, once all of it has been looked at.
public typealias Gathering = Int

/// Says which gatherings decide over a key's removal.
///
/// A key belongs to a gathering from the moment it was handed in with it until that is decided, or until the key was
/// found to stay. A retry, a group, a notification or a rival that brings the key meanwhile changes nothing about it:
/// a part of a wipe that is noticed by itself is still a part of the wipe.
public struct GatheringBook: Sendable {
  private var members: [RosterKey: [Gathering]] = [:]
  /// Turns of their keys that have not come to an end.
  private var unplanned: [Gathering: Int] = [:]
  private var abandoned: Set<Gathering> = []

  public init() {}

  /// The gatherings that decide over this key's removal; empty: it is decided by itself.
  public func of(_ key: RosterKey) -> [Gathering] { members[key] ?? [] }

  /// How many turns of keys that were handed in with a gathering have not come to an end.
  public func unplanned(in gathering: Gathering) -> Int { unplanned[gathering] ?? 0 }

  /// Whether nobody will decide it; its successor finds its keys again.
  public func isAbandoned(_ gathering: Gathering) -> Bool { abandoned.contains(gathering) }

  mutating func join(_ key: RosterKey, _ gathering: Gathering) {
    if members[key]?.contains(gathering) != true { members[key, default: []].append(gathering) }
  }

  /// Another turn of one of its keys is to come.
  mutating func begin(_ gathering: Gathering) { unplanned[gathering, default: 0] += 1 }

  mutating func end(turnIn gathering: Gathering) {
    guard let count = unplanned[gathering] else { return }
    unplanned[gathering] = count > 1 ? count - 1 : nil
  }

  /// Notes the end of a key's turn.
  ///
  /// - Parameter next: the gatherings that wait for its next turn.
  mutating func ended(_ key: RosterKey, staying: Bool, next: [Gathering]) {
    guard let all = members[key] else { return }
    let left = all.filter { next.contains($0) || !staying && !abandoned.contains($0) }
    members[key] = left.isEmpty ? nil : left
  }

  mutating func end(_ gathering: Gathering) {
    unplanned[gathering] = nil
    for (key, all) in members where all.contains(gathering) {
      let left = all.filter { $0 != gathering }
      members[key] = left.isEmpty ? nil : left
    }
  }

  /// - Parameter isOpen: whether a key is still to be looked at.
  mutating func abandon(_ gathering: Gathering, isOpen: (RosterKey) -> Bool) {
    abandoned.insert(gathering)
    for (key, all) in members where all.contains(gathering) && !isOpen(key) {
      let left = all.filter { $0 != gathering }
      members[key] = left.isEmpty ? nil : left
    }
  }
}
