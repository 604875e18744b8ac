public import LDAPModel

/// The values that one modify takes from a group and gives to it.
public struct GroupDelta: Sendable, Equatable {
  public private(set) var removed: [AttributeValue]
  public private(set) var added: [AttributeValue]

  public init(removed: [AttributeValue] = [], added: [AttributeValue] = []) {
    self.removed = removed
    self.added = added
  }

  /// Joins changes of one group, in their order. A value that one of them takes and a later one gives, or the other
  /// way round, is left as it is.
  public init(_ changes: [GroupChange], _ planner: GroupPlanner) {
    var last: [AttributeValue: (value: AttributeValue, isAdded: Bool)] = [:]
    var order: [AttributeValue] = []
    for change in changes {
      for (value, isAdded) in change.removed.map({ ($0, false) }) + change.added.map({ ($0, true) }) {
        let identity = planner.identity(of: value)
        if let earlier = last[identity], earlier.isAdded != isAdded {
          last[identity] = nil
        } else {
          if last[identity] == nil { order.append(identity) }
          last[identity] = (value, isAdded)
        }
      }
    }
    var seen: Set<AttributeValue> = []
    let rest = order.filter { seen.insert($0).inserted }.compactMap { last[$0] }
    self.init(
      removed: rest.filter { !$0.isAdded }.map(\.value), added: rest.filter(\.isAdded).map(\.value))
  }

  public var isEmpty: Bool { removed.isEmpty && added.isEmpty }

  /// Values are deleted and added one by one: the list is never sent, and a stale modify fails.
  public func modifications(of member: String) -> [Modification] {
    (removed.isEmpty ? [] : [Modification(.delete, member, removed)])
      + (added.isEmpty ? [] : [Modification(.add, member, added)])
  }

  /// What is left to do in a group that has these values of the delta's.
  /// - Parameter present: identities of the values that are there.
  public func remaining(_ present: Set<AttributeValue>, _ planner: GroupPlanner) -> GroupDelta {
    GroupDelta(
      removed: removed.filter { present.contains(planner.identity(of: $0)) },
      added: added.filter { !present.contains(planner.identity(of: $0)) })
  }

  /// What is left to do in a group with exactly these members, each taken out as it is written there.
  public func remaining(members: [AttributeValue], _ planner: GroupPlanner) -> GroupDelta {
    let leaving = Set(removed.map(planner.identity))
    let present = Set(members.map(planner.identity))
    return GroupDelta(
      removed: members.filter { leaving.contains(planner.identity(of: $0)) },
      added: added.filter { !present.contains(planner.identity(of: $0)) })
  }
}
