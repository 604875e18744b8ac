import LDAPModel
import RollcallCore
import Testing

/// One key is one entry; an entry without a link belongs to nobody until it is adopted.
@Suite struct IdentityTests {
  private var adopting: UserRules {
    var rules = People.rules
    rules.adopt = true
    return rules
  }

  private func unlinked(_ uid: String) -> Entry {
    var entry = People.entry(People.row("", uid), adding: [Attribute("description", ["old"])])
    entry["employeeNumber"] = []
    return entry
  }

  private func occupant(_ entry: Entry) -> Occupant { Occupant(entry, link: "employeeNumber") }

  @Test func anUnlinkedEntryIsAdopted() {
    let subject = People.subject("1", People.row("1", "ann", mail: ["a@x"]), rules: adopting)
    let plan = People.planner(adopting).plan([subject], occupants: [occupant(unlinked("ann"))])
    #expect(plan.sequences.flatMap(\.steps).map(\.what) == [.adopt])
    #expect(
      plan.sequences[0].steps[0].operation
        == .modify(
          People.dn("ann"),
          [Modification(.add, "employeeNumber", ["1"]), Modification(.add, "mail", ["a@x"])]))
  }

  @Test func anAdoptedEntryGetsTheNamesSpelling() {
    let subject = People.subject("1", People.row("1", "Ann"), rules: adopting)
    let plan = People.planner(adopting).plan([subject], occupants: [occupant(unlinked("ann"))])
    #expect(plan.sequences.flatMap(\.steps).map(\.what) == [.rename, .adopt])
  }

  @Test func neitherPasswordNorFirstValuesAreSetOnAdoption() {
    var rules = adopting
    rules.createOnly = ["loginShell"]
    rules.hasPassword = true
    var row = People.row("1", "ann")
    row.values += [["/bin/sh"], ["secret"]]
    let plan = People.planner(rules).plan(
      [People.subject("1", row, rules: rules)], occupants: [occupant(unlinked("ann"))])
    #expect(
      plan.sequences[0].steps[0].operation
        == .modify(
          People.dn("ann"), [Modification(.add, "employeeNumber", ["1"])]))
  }

  @Test func ofTwoWhoWouldAdoptTheLowestKeyDoes() {
    let subjects = ["2", "1"].map { People.subject($0, People.row($0, "ann"), rules: adopting) }
    let plan = People.planner(adopting).plan(subjects, occupants: [occupant(unlinked("ann"))])
    #expect(plan.sequences.flatMap(\.keys) == ["1"])
    #expect(plan.parked["2"]?.reason == .nameTaken)
  }

  /// Who has an entry does not take over a second one.
  @Test func aRenamedPersonAdoptsNobody() {
    let subject = People.subject(
      "1", People.row("1", "ann"), People.entry(People.row("1", "bob")), rules: adopting)
    let plan = People.planner(adopting).plan([subject], occupants: [occupant(unlinked("ann"))])
    #expect(plan.sequences == [])
    #expect(plan.parked["1"]?.reason == .nameTaken)
  }

  @Test func adoptionThatDisablesIsARemoval() {
    let row = People.row("1", "ann", active: false)
    let occupants = [occupant(unlinked("ann"))]
    let plan = People.planner(adopting).plan(
      [People.subject("1", row, rules: adopting)], occupants: occupants)
    #expect(plan.removals == [Removal(key: "1", action: .disable, dn: People.dn("ann"))])
    #expect(plan.sequences.flatMap(\.steps).map(\.what) == [.disable, .adopt])
    let held = People.planner(adopting).plan(
      [People.subject("1", row, rules: adopting, removalHeld: true)], occupants: occupants)
    #expect(held.sequences == [])
    #expect(held.withheld == plan.removals)
    #expect(held.settled == ["1"])
  }

  /// An entry that has no link is never deleted, adopt or not.
  @Test func nothingUnlinkedIsRemoved() {
    for rules in [People.rules, adopting] {
      let plan = People.planner(rules).plan([People.subject("1", nil, unlinked("ann"), rules: rules)])
      #expect(plan.sequences == [])
      #expect(plan.parked["1"]?.reason == .duplicateLink)
    }
  }

  @Test func nothingOutsideTheBaseIsRemoved() {
    var entry = People.entry(People.row("1", "ann"))
    entry.dn = "uid=ann,ou=admins,dc=example,dc=com"
    #expect(People.planner().plan([People.subject("1", nil, entry)]).sequences == [])
  }

  @Test func anotherSpellingOfTheKeyIsAnotherKey() throws {
    let entry = People.entry(People.row("AB", "ann"))
    for row in [nil, People.row("ab", "ann")] {
      let plan = People.planner().plan([People.subject("ab", row, entry)])
      #expect(plan.sequences == [])
      #expect(plan.parked["ab"]?.reason == .duplicateLink)
      #expect(plan.parked["ab"]?.message.contains("AB") == true)
    }
  }

  /// A notification that somebody has made up can name any spelling of somebody's key.
  @Test(arguments: [false, true]) func anotherSpellingWithoutARowIsNobody(isLast: Bool) throws {
    let row = People.row("AB", "ann")
    let own = People.subject("AB", row, People.entry(row))
    let other = People.subject("ab", nil)
    let plan = People.planner().plan(isLast ? [own, other] : [other, own])
    #expect(plan.sequences == [] && plan.parked.isEmpty)
    #expect(plan.settled.sorted() == ["AB", "ab"])
  }

  @Test func twoKeysThatAreOne() {
    let plan = People.planner().plan([
      People.subject("ab", People.row("ab", "ann")),
      People.subject("AB", nil, People.entry(People.row("AB", "bob"))),
      People.subject("1", People.row("1", "eve")),
    ])
    #expect(Set(plan.parked.keys) == ["ab", "AB"])
    #expect(plan.parked["ab"]?.message.contains("AB") == true)
    #expect(plan.sequences.flatMap(\.keys) == ["1"])
  }

  @Test func oneEntryWithTwoLinks() {
    var entry = People.entry(People.row("1", "ann"))
    entry["employeeNumber"] = ["1", "2"]
    let plan = People.planner().plan([
      People.subject("1", nil, entry), People.subject("2", People.row("2", "bob"), entry),
    ])
    #expect(Set(plan.parked.keys) == ["1", "2"])
    #expect(plan.sequences == [])
  }

  @Test func twoEntriesWithOneLink() {
    let (one, two) = (People.entry(People.row("1", "ann")), People.entry(People.row("1", "bob")))
    let plan = People.planner().plan(
      [People.subject("1", People.row("1", "bob"), one)], occupants: [occupant(two)])
    #expect(plan.sequences == [])
    #expect(
      plan.parked["1"]?.message
        == "person 1 has two entries, \(one.dn) and \(two.dn): remove one, or its link")
  }

  /// A look-up by name may find what the look-up by link did not see yet.
  @Test func anEntryOfOursAtTheWantedName() {
    let row = People.row("1", "ann")
    let plan = People.planner().plan([People.subject("1", row)], occupants: [occupant(People.entry(row))])
    #expect(plan.settled == ["1"])
  }
}
