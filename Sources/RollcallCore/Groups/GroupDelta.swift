public import LDAPModel

/// The values that one modify removes from a group and adds to it.
public struct GroupDelta: Sendable, Equatable {
  public private(set) var removed: [AttributeValue]
  public private(set) var added: [AttributeValue]

  public init(removed: [AttributeValue] = [], added: [AttributeValue] = []) {
    self.removed = removed
    self.added = added
  }

  /// Joins changes of one group, in their order. A value that one change removes and a later one adds, or the
  /// reverse, is left as it is.
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

  /// Values are deleted and added individually: the whole list is never sent, and a stale modify fails.
  public func modifications(of member: String) -> [Modification] {
    (removed.isEmpty ? [] : [Modification(.delete, member, removed)])
      + (added.isEmpty ? [] : [Modification(.add, member, added)])
  }

  /// The remaining changes for a group that has these of the delta's values.
  /// - Parameter present: identities of the values that the group has.
  public func remaining(_ present: Set<AttributeValue>, _ planner: GroupPlanner) -> GroupDelta {
    GroupDelta(
      removed: removed.filter { present.contains(planner.identity(of: $0)) },
      added: added.filter { !present.contains(planner.identity(of: $0)) })
  }

  /// The remaining changes for a group with exactly these members, each removed in the spelling that it has there.
  public func remaining(members: [AttributeValue], _ planner: GroupPlanner) -> GroupDelta {
    let leaving = Set(removed.map(planner.identity))
    let present = Set(members.map(planner.identity))
    return GroupDelta(
      removed: members.filter { leaving.contains(planner.identity(of: $0)) },
      added: added.filter { !present.contains(planner.identity(of: $0)) })
  }
}
