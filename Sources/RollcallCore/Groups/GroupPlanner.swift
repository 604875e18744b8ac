public import LDAPModel

/// Plans changes of groups. It never replaces a whole list: values are added and removed individually.
public struct GroupPlanner: Sendable {
  /// The longest name of a group, in octets: the ledger indexes it.
  public static let longestName = 1000

  public let rules: GroupRules
  /// Whether members are DNs; otherwise they are the naming values of the people.
  public let carriesNames: Bool
  /// Whether a group of the configured classes must have a member.
  public let demandsMember: Bool
  let schema: Schema
  private let protection: Protection
  /// Ids of the groups that are taken over without approval; nil: all.
  private var welcome: Set<String>? = []
  private let rule: MatchingRule

  public init(rules: GroupRules, schema: Schema, protection: Protection = Protection()) {
    self.rules = rules
    self.schema = schema
    self.protection = protection
    let type = schema.attributeType(rules.member)
    carriesNames = type.map { GroupPlanner.nameSyntaxes.contains($0.syntax ?? "") } ?? true
    rule = type == nil ? .distinguishedName : schema.matchingRule(for: rules.member)
    demandsMember = schema.must(classes: rules.classes).contains(schema.canonicalName(rules.member))
    switch rules.adopt {
    case .none: break
    case .all: welcome = nil
    case .named(let names): welcome = Set(names.map { group(named: AttributeValue($0)).id })
    }
  }

  /// DN, and Name And Optional UID (RFC 4517 sections 3.3.9 and 3.3.21).
  private static let nameSyntaxes = ["1.3.6.1.4.1.1466.115.121.1.12", "1.3.6.1.4.1.1466.115.121.1.34"]

  // MARK: Names

  /// The group of this name directly below the base.
  public func group(named name: AttributeValue) -> GroupName {
    group(at: rules.base.child(RelativeDistinguishedName(rules.naming, name)))
  }

  public func group(at dn: DistinguishedName) -> GroupName { GroupName(dn, schema) }

  /// The groups that a row names, without duplicates.
  ///
  /// - Returns: the valid ones, and why one of the others is invalid; only that one is left out.
  public func groups(named names: [AttributeValue]) -> (groups: [GroupName], refusal: Problem?) {
    var seen: Set<GroupName> = []
    var refusal: Problem?
    let naming = schema.matchingRule(for: rules.naming)
    let groups = names.compactMap { name -> GroupName? in
      let group = group(named: name)
      guard seen.insert(group).inserted else { return nil }
      if naming.normalize(name, schema: schema).bytes.isEmpty {
        refusal = refusal ?? Problem(.group, "the row names a group whose name is blank: give it a name or remove it")
        return nil
      }
      if group.id.utf8.count > GroupPlanner.longestName {
        refusal =
          refusal
          ?? Problem(
            .group,
            "the name of group \(group.dn) has \(group.id.utf8.count) octets, and "
              + "at most \(GroupPlanner.longestName) are allowed: give it a shorter one")
        return nil
      }
      if let reason = protectionReason(group) {
        refusal = refusal ?? Problem.protectedGroup(group, reason)
        return nil
      }
      return group
    }
    return (groups, refusal)
  }

  /// Why a group is never touched; nil if it may be.
  public func protectionReason(_ group: GroupName) -> String? { protection.reason(for: group.id) }

  /// Whether a group that Rollcall did not create is taken over without approval.
  public func isWelcome(_ group: GroupName) -> Bool { welcome?.contains(group.id) ?? true }

  /// Whether a group is at a place where rows can name it.
  public func isInReach(_ group: GroupName) -> Bool {
    group.dn.parent.map { $0.isEquivalent(to: rules.base, schema) } ?? false
  }

  /// The value by which groups refer to the entry of this name; nil if it has none that a group could hold.
  public func value(of person: DistinguishedName) -> AttributeValue? {
    if carriesNames { return AttributeValue(person.text) }
    return person.first?.parts.first?.value
  }

  /// Equal for values that mean one member. A name with a UID (`uid=x#'01'B`) is another member than the name
  /// without: Rollcall never writes a UID, so it leaves members that have one alone.
  public func identity(of value: AttributeValue) -> AttributeValue {
    rule.normalize(value, schema: schema)
  }

  /// The name that a value stands for, in its original spelling, without the optional UID.
  public func name(of value: AttributeValue) -> DistinguishedName {
    let text = value.text ?? ""
    guard text.hasSuffix("'B"), let bits = text.lastIndex(of: "#") else { return DistinguishedName(unchecked: text) }
    return DistinguishedName(unchecked: String(text[..<bits]))
  }

  /// Whether a value is the configured placeholder.
  public func isPlaceholder(_ value: AttributeValue) -> Bool {
    guard let placeholder = rules.placeholder else { return false }
    return identity(of: value) == identity(of: AttributeValue(placeholder.text))
  }

  /// Why nobody can be a member of a group that does not exist.
  public func missing(_ group: GroupName) -> Problem {
    Problem(
      .group, "the group \(group.dn) does not exist, and groups.create is false: create it by hand",
      blocks: group.id)
  }

  // MARK: Changes

  /// The changes by which the groups get the membership that a person should have, group by group.
  /// - Parameter found: the managed groups that have any of the person's names, once for each name.
  public func changes(for person: Membership, found: [FoundMembership]) -> [GroupChange] {
    let name = person.name.map(identity)
    let former = Set(person.former.map(identity)).subtracting([name].compactMap { $0 })
    let wanted = person.wanted.map { Set($0) }
    var known: Set<GroupName> = []
    var stale: [GroupName: [AttributeValue]] = [:]
    for membership in found {
      let value = identity(of: membership.value)
      if value == name {
        known.insert(membership.group)
      } else if former.contains(value) {
        stale[membership.group, default: []].append(membership.value)
      }
    }
    let goal = wanted ?? known.union(stale.keys)
    let all = goal.union(known).union(stale.keys)
    return all.sorted { $0.id < $1.id }.compactMap { group in
      var change = GroupChange(key: person.key, group: group, removed: stale[group] ?? [])
      if let value = person.name {
        if known.contains(group), !goal.contains(group) { change.removed.append(value) }
        if !known.contains(group), goal.contains(group) { change.added.append(value) }
      }
      return change.removed.isEmpty && change.added.isEmpty ? nil : change
    }
  }

  /// The entry of a group that is created because somebody is to be a member.
  /// - Parameter attributes: values of the rules' attributes, in their order.
  public func newGroup(
    _ group: GroupName, members: [AttributeValue], attributes: [[AttributeValue]]
  ) -> Entry {
    var entry = Entry(group.dn, [Attribute("objectClass", rules.classes.map { AttributeValue($0) })])
    for part in group.dn.first?.parts ?? [] { entry[part.type] = [part.value] }
    for (name, values) in zip(rules.attributes, attributes) where !values.isEmpty { entry[name] = values }
    var members = members
    if demandsMember, let placeholder = rules.placeholder, !members.contains(where: isPlaceholder) {
      members.append(AttributeValue(placeholder.text))
    }
    entry[rules.member] = members
    return entry
  }
}

extension Problem {
  /// Rollcall neither adds members to a protected group nor removes any.
  public static func protectedGroup(_ group: GroupName, _ why: String) -> Problem {
    Problem(
      .protected, "the group \(group.dn) \(why): Rollcall never writes to it; take the role from the person's row",
      blocks: group.id)
  }
}
