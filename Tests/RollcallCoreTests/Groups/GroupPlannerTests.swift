import LDAPModel
import RollcallCore
import Testing

/// The laws of memberships, over random people and groups; and what groups look like.
@Suite struct GroupPlannerTests {
  static let names = (0..<6).map { AttributeValue("uid=u\($0),ou=users,dc=x") }

  private func planner(_ rules: GroupRules = GroupRules(base: "ou=groups,dc=x")) -> GroupPlanner {
    GroupPlanner(rules: rules, schema: GroupSchema.schema)
  }

  /// What a search for a person's names would find.
  private func found(
    _ person: Membership, _ groups: [GroupName: [AttributeValue]], _ planner: GroupPlanner
  ) -> [FoundMembership] {
    ([person.name].compactMap { $0 } + person.former).flatMap { value in
      groups.filter { $0.value.map(planner.identity).contains(planner.identity(of: value)) }.keys
        .map { FoundMembership($0, value) }
    }
  }

  private func apply(
    _ changes: [GroupChange], to groups: inout [GroupName: [AttributeValue]], _ planner: GroupPlanner
  ) {
    for (group, changes) in Dictionary(grouping: changes, by: \.group) {
      let delta = GroupDelta(changes, planner)
      let removed = Set(delta.removed.map(planner.identity))
      #expect(Set(groups[group, default: []].map(planner.identity)).isSuperset(of: removed))
      groups[group, default: []].removeAll { removed.contains(planner.identity(of: $0)) }
      groups[group, default: []] += delta.added
    }
  }

  @Test(arguments: 0..<200) func appliedChangesAreWhatRowsSayAndNothingIsLeftToDo(seed: Int) {
    var random = SeededRandom(seed)
    let planner = planner()
    let all = (0..<5).map { planner.group(named: AttributeValue("g\($0)")) }
    var groups: [GroupName: [AttributeValue]] = [:]
    for group in all {
      groups[group] = GroupPlannerTests.names.filter { _ in random.chance(50) } + ["cn=foreign,dc=y"]
    }
    var people: [Membership] = []
    for (index, name) in GroupPlannerTests.names.enumerated() where index != 1 {
      // One person comes from the name u1, one is to be in no group.
      people.append(
        Membership(
          key: "\(index)", name: index == 2 ? nil : name,
          former: index == 0 ? [GroupPlannerTests.names[1]] : index == 2 ? [name] : [],
          wanted: index == 2 ? [] : all.filter { _ in random.chance(50) }))
    }
    let changes = people.flatMap { planner.changes(for: $0, found: found($0, groups, planner)) }
    apply(changes, to: &groups, planner)
    for group in all {
      let expected =
        people.filter { $0.wanted?.contains(group) == true }.compactMap(\.name) + ["cn=foreign,dc=y"]
      #expect(Set(groups[group] ?? []) == Set(expected))
      #expect(groups[group]?.count == expected.count)
    }
    for person in people {
      #expect(planner.changes(for: person, found: found(person, groups, planner)).isEmpty)
    }
  }

  @Test func membershipsFollowANameWhereNobodySaysWhichTheyAreToBe() {
    let planner = planner()
    let group = planner.group(named: "devs")
    let person = Membership(key: "1", name: "uid=new,dc=x", former: ["uid=old,dc=x"], wanted: nil)
    let changes = planner.changes(for: person, found: [FoundMembership(group, "uid=old,dc=x")])
    #expect(
      changes == [GroupChange(key: "1", group: group, removed: ["uid=old,dc=x"], added: ["uid=new,dc=x"])])
    #expect(changes[0].what == .follow)
  }

  @Test func aNameInAnotherSpellingIsNoChange() {
    let planner = planner()
    let group = planner.group(named: "Devs")
    #expect(group == planner.group(at: "CN=devs , ou=Groups,dc=X"))
    let person = Membership(key: "1", name: "UID=Ann,dc=x", wanted: [planner.group(named: "devs")])
    #expect(planner.changes(for: person, found: [FoundMembership(group, "uid=ann, DC=x")]).isEmpty)
  }

  @Test func changesOfOneGroupJoinAndCancel() {
    let planner = planner()
    let group = planner.group(named: "devs")
    let changes = [
      GroupChange(key: "1", group: group, removed: ["uid=a,dc=x"], added: ["uid=b,dc=x"]),
      GroupChange(key: "2", group: group, removed: ["uid=c,dc=x"], added: ["uid=A,dc=x"]),
    ]
    let delta = GroupDelta(changes, planner)
    #expect(delta == GroupDelta(removed: ["uid=c,dc=x"], added: ["uid=b,dc=x"]))
    #expect(
      delta.modifications(of: "member") == [
        Modification(.delete, "member", ["uid=c,dc=x"]), Modification(.add, "member", ["uid=b,dc=x"]),
      ])
    #expect(delta.remaining(["uid=b,dc=x"], planner).isEmpty)
    #expect(delta.remaining(members: ["uid=C, dc=x"], planner).removed == ["uid=C, dc=x"])
  }

  @Test func membersAreNamesOrTheValuesThatNamePeople() {
    #expect(planner().carriesNames && planner().demandsMember)
    #expect(planner().value(of: "uid=ann,ou=x") == "uid=ann,ou=x")
    let unix = planner(
      GroupRules(base: "dc=x", classes: ["posixGroup"], member: "memberUid", attributes: ["gidNumber"]))
    #expect(!unix.carriesNames && !unix.demandsMember)
    #expect(unix.value(of: "uid=a\\,b,ou=x") == "a,b")
    #expect(unix.identity(of: "Ann") != unix.identity(of: "ann"))
    let entry = unix.newGroup(unix.group(named: "a,b"), members: ["ann"], attributes: [["7"]])
    #expect(
      entry
        == Entry(
          "cn=a\\,b,dc=x",
          [
            Attribute("objectClass", ["posixGroup"]), Attribute("cn", ["a,b"]), Attribute("gidNumber", ["7"]),
            Attribute("memberUid", ["ann"]),
          ]))
  }

  @Test func aPlaceholderStandsOnlyWhereTheClassDemandsAMember() {
    var rules = GroupRules(base: "dc=x", placeholder: "cn=nobody")
    let group = planner(rules).group(named: "g")
    #expect(
      planner(rules).newGroup(group, members: ["uid=a"], attributes: [])["member"] == ["uid=a", "cn=nobody"])
    #expect(planner(rules).newGroup(group, members: ["CN=Nobody"], attributes: [])["member"] == ["CN=Nobody"])
    rules.classes = ["mayGroup"]
    #expect(planner(rules).newGroup(group, members: ["uid=a"], attributes: [])["member"] == ["uid=a"])
  }

  @Test func aNameTooLongForTheLedgerIsRefused() {
    let long = AttributeValue(String(repeating: "x", count: 1200))
    let (groups, refusal) = planner().groups(named: ["a", long])
    #expect(groups.map { $0.dn.first?.text } == ["cn=a"])
    #expect(refusal?.reason == .group)
    #expect(planner().groups(named: ["a", "A", "b"]).groups.count == 2)
    #expect(planner().groups(named: ["a", "A", "b"]).refusal == nil)
  }
}

/// Groups as slapd's core and nis schemas define them.
enum GroupSchema {
  static let schema = Schema(
    attributeTypes: [
      "( 2.5.4.41 NAME 'name' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )",
      "( 2.5.4.3 NAME 'cn' SUP name )", "( 2.5.4.11 NAME 'ou' SUP name )",
      "( 0.9.2342.19200300.100.1.25 NAME 'dc' SUP name )",
      "( 0.9.2342.19200300.100.1.1 NAME 'uid' SUP name )",
      "( 2.5.4.31 NAME 'member' EQUALITY distinguishedNameMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.12 )",
      "( 1.3.6.1.1.1.1.12 NAME 'memberUid' EQUALITY caseExactIA5Match SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 )",
      "( 1.3.6.1.1.1.1.1 NAME 'gidNumber' EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )",
    ],
    objectClasses: [
      "( 2.5.6.0 NAME 'top' ABSTRACT MUST objectClass )",
      "( 2.5.6.9 NAME 'groupOfNames' SUP top STRUCTURAL MUST ( member $ cn ) MAY ou )",
      "( 1.2.3.4 NAME 'mayGroup' SUP top STRUCTURAL MUST cn MAY member )",
      "( 1.3.6.1.1.1.2.2 NAME 'posixGroup' SUP top STRUCTURAL MUST ( cn $ gidNumber ) MAY memberUid )",
    ])
}
