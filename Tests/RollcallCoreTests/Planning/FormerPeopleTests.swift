import LDAPModel
import RollcallCore
import Testing

/// The place of leavers, and what tells whether somebody else has changed their entries.
@Suite struct FormerPeopleTests {
  private static let former = People.base.child(RelativeDistinguishedName("ou", "former"))
  private static let rules = {
    var rules = People.rules
    rules.disable = [Attribute("loginShell", ["/sbin/nologin"])]
    rules.removed = .disable
    rules.leavers = former
    return rules
  }()
  private let planner = People.planner(rules)

  private func entry(disabled: Bool = false, former: Bool = false) -> Entry {
    var entry = People.entry(People.row("1", "ann"), adding: disabled ? Self.rules.disable : [])
    if former { entry.dn = Self.former.child(RelativeDistinguishedName("uid", "ann")) }
    return entry
  }

  private func steps(_ row: RosterRow?, _ entry: Entry, byUs: Bool = false) -> [Step.What] {
    planner.plan([People.subject("1", row, entry, rules: Self.rules, disabledByUs: byUs)]).sequences.flatMap(\.steps)
      .map(\.what)
  }

  @Test func whoLeavesIsDisabledFirstAndThenMoved() {
    #expect(steps(nil, entry()) == [.disable, .move])
    #expect(steps(People.row("1", "ann", active: false), entry()) == [.disable, .move])
    #expect(steps(nil, entry(disabled: true), byUs: true) == [.move])
    #expect(steps(nil, entry(disabled: true, former: true), byUs: true) == [])
    #expect(steps(People.row("1", "ann", active: false), entry(disabled: true, former: true), byUs: true) == [])
  }

  @Test func whoComesBackIsMovedToTheOldPlaceAndEnabled() {
    #expect(steps(People.row("1", "ann"), entry(disabled: true, former: true), byUs: true) == [.move, .enable])
  }

  @Test func theMoveOfWhoIsDisabledIsNoRemoval() {
    let subject = People.subject("1", nil, entry(disabled: true), rules: Self.rules, disabledByUs: true)
    #expect(planner.plan([subject]).removals == [])
    let first = planner.plan([People.subject("1", nil, entry(), rules: Self.rules)])
    #expect(first.removals.map(\.action) == [.disable])
    let held = planner.plan([People.subject("1", nil, entry(), rules: Self.rules, removalHeld: true)])
    #expect(held.sequences == [] && held.withheld.count == 1)
  }

  @Test func whoseEntryWasChangedByHandIsNotDeletedUnasked() {
    var subject = People.subject("1", nil, entry(disabled: true, former: true), rules: Self.rules, disabledByUs: true)
    subject.desired = .absent
    #expect(planner.plan([subject]).removals.map(\.action) == [.delete])
    subject.isChangedByHand = true
    let plan = planner.plan([subject])
    #expect(plan.sequences == [] && plan.shielded.map(\.action) == [.delete] && plan.settled == [])
    subject.released = .delete
    #expect(planner.plan([subject]).removals.map(\.action) == [.delete])
  }

  @Test func aDigestTellsWhatWasChanged() {
    let left = entry(disabled: true, former: true)
    let digest = planner.digest(of: left)
    #expect(!planner.isChanged(left, since: left.dn, digest))
    var other = left
    other["mail"] = ["other@example.com"]
    #expect(planner.isChanged(other, since: left.dn, digest))
    #expect(planner.isChanged(entry(disabled: true), since: left.dn, digest), "moved")
    #expect(planner.isChanged(entry(former: true), since: left.dn, digest), "enabled")
    // What another mapping sees besides says nothing.
    #expect(!planner.isChanged(left, since: left.dn, "title=0011223344556677"))
    var spelled = left
    spelled.dn = DistinguishedName(unchecked: left.dn.text.replacing("ou=former", with: "OU=Former"))
    #expect(!planner.isChanged(spelled, since: left.dn, digest))
  }
}
