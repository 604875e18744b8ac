import LDAPModel
import Testing

@testable import RollcallCore

/// What is done to take rows of the journal back, and what keeps a part from it.
@Suite struct UndoPlannerTests {
  private let planner = People.planner()
  private let group: DistinguishedName = "cn=staff,ou=groups,dc=example,dc=com"

  private func entry(_ uid: String, _ key: String, _ more: [Attribute] = []) -> Entry {
    Entry(
      People.dn(uid),
      [
        Attribute("objectClass", ["inetOrgPerson"]), Attribute("uid", [AttributeValue(uid)]),
        Attribute("employeeNumber", [AttributeValue(key)]),
      ] + more)
  }

  private func plan(
    _ rows: [UndoneRow], _ entries: [Entry], memberships: Set<UndoPlanner.Membership> = []
  ) -> [UndoPart] {
    var undo = UndoPlanner(planner, groups: nil, entries: entries, memberships: memberships)
    return undo.plan(rows)
  }

  private func mail(_ id: Int, _ old: String, _ new: String) -> UndoneRow {
    UndoneRow(
      id: id, key: "1", action: "update", isDone: true, dn: People.dn("ada"),
      changes: [AttributeChange(name: "mail", removed: [.text(old)], added: [.text(new)])])
  }

  @Test func anUpdateGoesBack() {
    let parts = plan([mail(7, "a@x", "b@x")], [entry("ada", "1", [Attribute("mail", ["b@x"])])])
    #expect(
      parts.first?.step?.operation
        == .modify(People.dn("ada"), [Modification(.delete, "mail", ["b@x"]), Modification(.add, "mail", ["a@x"])]))
    #expect(parts.first?.refusals == [])
  }

  @Test func twoUpdatesGoBackTheNewestFirst() {
    let parts = plan(
      [mail(8, "b@x", "c@x"), mail(7, "a@x", "b@x")], [entry("ada", "1", [Attribute("mail", ["c@x"])])])
    #expect(parts.map(\.row) == [8, 7])
    #expect(parts.allSatisfy { $0.step != nil && $0.refusals.isEmpty })
  }

  @Test func whatIsNotAsTheRowLeftItStays() {
    let parts = plan([mail(7, "a@x", "b@x")], [entry("ada", "1", [Attribute("mail", ["z@x"])])])
    #expect(parts.first?.step == nil)
    #expect(parts.first?.refusals == ["mail: it is not as the row left it: it is \"z@x\" now"])
  }

  @Test func aPartOfAnUpdateThatCannotIsLeftOut() {
    var row = mail(7, "a@x", "b@x")
    row.changes.append(AttributeChange(name: "title", removed: [.digest(sha256: "ab", size: 3)], added: [.text("t")]))
    row.changes.append(AttributeChange(name: "description", removed: nil, added: nil, isErased: true))
    let parts = plan([row], [entry("ada", "1", [Attribute("mail", ["b@x"]), Attribute("title", ["t"])])])
    #expect(parts.first?.step != nil)
    #expect(parts.first?.refusals == ["title: its values are not kept", "description: its values were erased"])
  }

  @Test func aLaterRowOfTheSameAttributeKeepsItFromIt() {
    var row = mail(7, "a@x", "b@x")
    row.later = [LaterRow(id: 9, action: "update", attributes: ["MAIL"])]
    let parts = plan([row], [entry("ada", "1", [Attribute("mail", ["b@x"])])])
    #expect(parts.first?.refusals == ["mail: row 9 has changed it later and is not taken back"])
  }

  @Test func anotherEntryOfTheSameNameIsLeftAlone() throws {
    var row = mail(7, "a@x", "b@x")
    row.entryID = EntryID("6fd1f1c6-ee2b-103b-9d5f-01a2b3c4d5e6")
    let other = Attribute("entryUUID", ["00d1f1c6-ee2b-103b-9d5f-01a2b3c4d5e6"])
    let parts = plan([row], [entry("ada", "1", [Attribute("mail", ["b@x"]), other])])
    #expect(parts.first?.refusals == ["\(People.dn("ada").text) is another entry now"])
  }

  @Test func whatIsProtectedIsLeftAlone() {
    let protection = Protection(accounts: [], bases: [], listed: [People.dn("ada")], schema: People.schema)
    let guarded = Planner(
      rules: People.rules, schema: People.schema, dialect: OpenLDAP(), protection: protection)
    var undo = UndoPlanner(
      guarded, groups: nil, entries: [entry("ada", "1", [Attribute("mail", ["b@x"])])], memberships: [])
    let refusals = undo.plan([mail(7, "a@x", "b@x")]).first?.refusals
    #expect(refusals == ["\(People.dn("ada").text) is named in users.protect"])
  }

  @Test("an exchange of names goes back the way it came")
  func exchange() {
    let (a, b, between) = (People.dn("a"), People.dn("b"), People.dn("rollcall-x"))
    func rename(_ id: Int, _ key: RosterKey, _ old: DistinguishedName, _ new: DistinguishedName) -> UndoneRow {
      UndoneRow(id: id, key: key, action: "rename", isDone: true, dn: old, newDN: new)
    }
    let rows = [rename(3, "1", between, b), rename(2, "2", b, a), rename(1, "1", a, between)]
    let parts = plan(rows, [entry("b", "1"), entry("a", "2")])
    #expect(parts.allSatisfy { $0.refusals.isEmpty })
    #expect(parts.compactMap { $0.step?.oldDN } == [b, a, between])
    #expect(parts.compactMap { $0.step?.newDN } == [between, b, a])
  }

  @Test func aNameThatIsTakenKeepsARenameFromIt() {
    let row = UndoneRow(
      id: 1, key: "1", action: "rename", isDone: true, dn: People.dn("old"), newDN: People.dn("new"))
    let parts = plan([row], [entry("new", "1"), entry("old", "2")])
    #expect(parts.first?.refusals == ["\(People.dn("old").text) belongs to another entry now"])
  }

  private func deleted(_ changes: [AttributeChange]) -> UndoneRow {
    UndoneRow(id: 5, key: "1", action: "delete", isDone: true, dn: People.dn("ada"), changes: changes)
  }

  private var whole: [AttributeChange] {
    [
      AttributeChange(name: "objectClass", removed: [.text("inetOrgPerson")], added: []),
      AttributeChange(name: "uid", removed: [.text("ada")], added: []),
      AttributeChange(name: "employeeNumber", removed: [.text("1")], added: []),
      AttributeChange(name: "description", removed: [.text("by hand")], added: []),
      AttributeChange(name: "entryUUID", removed: [.text("6fd1f1c6-ee2b-103b-9d5f-01a2b3c4d5e6")], added: []),
      AttributeChange(name: "createTimestamp", removed: [.text("20260101000000Z")], added: []),
      AttributeChange(name: "memberOf", removed: [.text(group.text)], added: []),
    ]
  }

  @Test("a deleted person comes back with unmapped attributes and memberships, without what the server gives")
  func aDelete() throws {
    let parts = plan([deleted(whole)], [])
    guard case .add(let dn, let attributes)? = parts.first?.step?.operation else {
      Issue.record("\(parts)")
      return
    }
    #expect(dn == People.dn("ada"))
    #expect(attributes.map(\.name) == ["objectClass", "uid", "employeeNumber", "description"])
    #expect(
      parts.last?.step?.operation == .modify(group, [Modification(.add, "member", [AttributeValue(dn.text)])]))
    #expect(parts.first?.step?.journalDisable == false)
  }

  @Test func whoHadAPasswordComesBackDisabled() {
    let secret = AttributeChange(name: "userPassword", removed: [.hidden], added: [])
    let parts = plan([deleted(whole + [secret])], [])
    #expect(parts.first?.step?.journalDisable == true)
    #expect(parts.first?.notes.contains("it comes back disabled, because its password is not known") == true)
    guard case .add(_, let attributes)? = parts.first?.step?.operation else {
      Issue.record("\(parts)")
      return
    }
    #expect(attributes.contains { $0.name == "employeeType" || $0.name == "pwdAccountLockedTime" })
    #expect(!attributes.contains { $0.name == "userPassword" })
  }

  @Test func whoIsThereAgainIsNotAddedTwice() {
    let parts = plan([deleted(whole)], [entry("countess", "1")])
    #expect(parts.first?.refusals == ["key 1 has an entry again: \(People.dn("countess").text)"])
  }

  @Test func whatWasErasedCannotComeBack() {
    let erased = whole.map { AttributeChange(name: $0.name, removed: nil, added: nil, isErased: true) }
    let parts = plan([deleted(erased)], [])
    #expect(parts.first?.refusals == ["its values were erased"])
  }

  @Test func aCreateGoesBackByADelete() {
    let row = UndoneRow(id: 1, key: "1", action: "create", isDone: true, dn: People.dn("ada"))
    #expect(plan([row], [entry("ada", "1")]).first?.step?.operation == .delete(People.dn("ada")))
    #expect(plan([row], []).first?.refusals == ["there is no entry of key 1 any more"])
  }

  @Test func membershipsGoBackOnce() {
    let member = AttributeValue(People.dn("ada").text)
    let there: Set = [UndoPlanner.Membership(group, "member", member, People.schema)]
    func row(_ action: String) -> UndoneRow {
      let value = [HistoryValue.text(People.dn("ada").text)]
      return UndoneRow(
        id: 1, key: "1", action: action, isDone: true, dn: group,
        changes: [
          AttributeChange(name: "member", removed: action == "leave" ? value : [], added: action == "join" ? value : [])
        ])
    }
    #expect(
      plan([row("join")], [], memberships: there).first?.step?.operation
        == .modify(group, [Modification(.delete, "member", [member])]))
    #expect(
      plan([row("leave")], []).first?.step?.operation == .modify(group, [Modification(.add, "member", [member])]))
    #expect(plan([row("leave")], [], memberships: there).first?.refusals == ["it is in the group again"])
    #expect(plan([row("join")], []).first?.refusals == ["it is not in the group any more"])
  }

  @Test(arguments: [
    ("password", "the previous password is not known"), ("park", "nothing was written to the directory"),
    ("refer", "the people to whom a group refers follow the tables; change the row that names them"),
    ("make-group", "groups and containers follow their members; take the members' rows back"),
  ])
  func whatCannot(_ action: String, _ reason: String) {
    let row = UndoneRow(id: 1, key: "1", action: action, isDone: true, dn: People.dn("ada"))
    #expect(plan([row], [entry("ada", "1")]).first?.refusals == [reason])
  }

  @Test func whatHasBeenTakenBackIsNotTakenBackAgain() {
    var row = mail(7, "a@x", "b@x")
    row.undoneBy = 12
    #expect(plan([row], [entry("ada", "1")]).first?.refusals == ["row 12 has taken it back already"])
  }
}
