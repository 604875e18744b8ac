import LDAPModel
import Testing

@testable import RollcallCore

/// Which values of a group's owner follow the tables, and which stay.
@Suite struct GroupReferenceTests {
  private let planner = GroupPlanner(
    rules: GroupRules(base: "ou=groups,dc=x", references: ["owner", "secretary"]), schema: .builtin)
  private var group: GroupName { planner.group(named: "devs") }

  private func wanted(_ keys: [String]) throws -> [WantedReference] {
    let names: [RosterKey: DistinguishedName] = ["1": "uid=ann,ou=users,dc=x", "2": "uid=ben,ou=users,dc=x"]
    return try planner.references([keys.map { AttributeValue($0) }, []], of: group).map { $0.resolved(names) }
  }

  private func changes(_ current: [String], to keys: [String]) throws -> [Modification] {
    let entry = Entry(group.dn, [Attribute("owner", current.map { AttributeValue($0) })])
    return planner.modifications(of: entry, to: try wanted(keys)) { $0.text?.hasSuffix(",ou=users,dc=x") == true }
  }

  @Test func onlyWhatIsAPersonsIsRemoved() throws {
    #expect(try changes([], to: ["1", "3", "1"]) == [Modification(.add, "owner", ["uid=ann,ou=users,dc=x"])])
    #expect(try changes(["UID=Ann, ou=users,dc=x"], to: ["1", "3"]) == [])
    #expect(
      try changes(["cn=service,dc=x", "uid=cid,ou=users,dc=x"], to: ["2"]) == [
        Modification(.delete, "owner", ["uid=cid,ou=users,dc=x"]),
        Modification(.add, "owner", ["uid=ben,ou=users,dc=x"]),
      ])
    #expect(try changes(["cn=service,dc=x"], to: []) == [])
  }

  /// Applying what is planned leaves nothing to do.
  @Test(arguments: [[], ["1"], ["2", "1"], ["9"]])
  func nothingIsLeftToDo(_ keys: [String]) throws {
    let owners = Attribute("owner", ["uid=ben,ou=users,dc=x", "cn=service,dc=x"])
    let entry = Entry(group.dn, [Attribute("cn", ["devs"]), owners])
    let changes = planner.modifications(of: entry, to: try wanted(keys)) { $0 != "cn=service,dc=x" }
    let after = changes.isEmpty ? entry : Operation.modify(group.dn, changes).applied(to: entry, .builtin)
    #expect(planner.modifications(of: try #require(after), to: try wanted(keys)) { _ in false } == [])
    #expect(planner.surplus(in: try #require(after), try wanted(keys)) == ["cn=service,dc=x"])
  }
}
