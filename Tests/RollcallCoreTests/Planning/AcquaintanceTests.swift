import LDAPModel
import RollcallCore
import Testing

/// What is protected is never touched, and what Rollcall did not make waits for a person at the first meeting.
@Suite struct AcquaintanceTests {
  private static let service = People.dn("service")

  private func planner(adopt: Bool = false, _ dialect: any Dialect = OpenLDAP()) -> Planner {
    var rules = People.rules
    rules.adopt = adopt
    let protection = Protection(
      accounts: [Self.service], bases: [People.base], listed: [People.dn("boss,ou=x")], schema: People.schema)
    return Planner(
      rules: rules, schema: People.schema, dialect: dialect, protection: protection)
  }

  private func subject(
    from: String?, to: String?, _ acquaintance: Acquaintance = .friend, adding: [Attribute] = [], active: Bool = true
  ) -> Subject {
    var subject = People.subject(
      "5", to.map { People.row("5", $0, active: active) },
      from.map { People.entry(People.row("5", $0), adding: adding) })
    subject.acquaintance = acquaintance
    return subject
  }

  private func unlinked(_ uid: String, protected: Bool = false, adding: [Attribute] = []) -> Occupant {
    var occupant = Occupant(
      People.entry(People.row("", uid), adding: adding + [Attribute("employeeNumber", [])]), link: "employeeNumber")
    occupant.isProtected = protected
    return occupant
  }

  @Test(arguments: ["service -", "service service", "service ann", "ann service", "- SERVICE"])
  func theOwnAccountIsNeverTouched(names: String) {
    let names = names.split(separator: " ").map { $0 == "-" ? nil : String($0) }
    let (from, to) = (names[0], names[1])
    let plan = planner().plan([subject(from: from, to: to, adding: [Attribute("mail", ["old@x"])])])
    #expect(plan.sequences == [] && plan.takeovers == [] && plan.settled == [])
    #expect(plan.parked["5"]?.reason == .protected)
    #expect(plan.parked["5"]?.message.contains("is the account that Rollcall binds with") == true)
  }

  @Test func neitherIsItTakenOver() {
    let plan = planner(adopt: true).plan([subject(from: nil, to: "service")], occupants: [unlinked("service")])
    #expect(plan.sequences == [])
    #expect(plan.parked["5"]?.reason == .protected)
  }

  @Test func basesParentsAndWhatIsListed() {
    let protection = Protection(
      accounts: [Self.service], bases: [People.base], listed: [People.dn("boss")], schema: People.schema)
    let id = { (dn: DistinguishedName) in dn.normalized(People.schema) }
    for dn: DistinguishedName in [
      Self.service, People.base, "DC=example, dc=com", "dc=com", People.dn("BOSS"),
    ] {
      #expect(protection.reason(for: id(dn)) != nil, "\(dn)")
    }
    #expect(protection.reason(for: id(People.dn("ann"))) == nil)
    #expect(Protection().reason(for: "") == nil)
  }

  @Test func whatTheFilterDescribesIsNotTouched() {
    var linked = subject(from: "ann", to: nil)
    linked.isProtected = true
    #expect(planner().plan([linked]).parked["5"]?.reason == .protected)
    let occupants = [unlinked("ann", protected: true)]
    let plan = planner(adopt: true).plan([subject(from: nil, to: "ann")], occupants: occupants)
    #expect(plan.parked["5"]?.reason == .protected && plan.sequences == [] && plan.adopted == [:])
  }

  @Test(arguments: [
    ("bob", true, "change"), ("ann", false, "removal"), ("", true, "removal"), ("bob", false, "removal"),
  ])
  func aStrangersEntryWaits(name: String, active: Bool, kind: String) throws {
    let to = name.isEmpty ? nil : name
    let needed: Acquaintance = kind == "change" ? .change : .removal
    let missing: Acquaintance = kind == "change" ? .removal : .change
    for acquaintance: Acquaintance in [[], missing] {
      let plan = planner().plan([subject(from: "ann", to: to, acquaintance, active: active)])
      #expect(plan.takeovers == [Takeover(subject: "5", dn: People.dn("ann"))])
      #expect(plan.sequences == [] && plan.removals == [] && plan.settled == [] && plan.parked == [:])
      #expect(plan.waitingKeys == ["5"])
    }
    let plan = planner().plan([subject(from: "ann", to: to, needed, active: active)])
    #expect(!plan.sequences.isEmpty && plan.takeovers == [])
  }

  @Test func aStrangersEntryThatIsInStepIsNoMeeting() {
    let plan = planner().plan([subject(from: "ann", to: "ann", [])])
    #expect(plan.takeovers == [] && plan.settled == ["5"])
  }

  @Test func whoWaitsKeepsItsName() {
    var other = People.subject("6", People.row("6", "ann"))
    other.acquaintance = .friend
    let plan = planner().plan([subject(from: "ann", to: "bob", []), other])
    #expect(plan.takeovers.map(\.subject) == ["5"])
    #expect(plan.parked["6"]?.reason == .nameTaken && plan.sequences == [])
  }

  @Test func whatIsAdoptedIsTold() {
    let occupant = unlinked("ann")
    let plan = planner(adopt: true).plan([subject(from: nil, to: "ann")], occupants: [occupant])
    #expect(plan.adopted == ["5": occupant.entry])
    #expect(plan.sequences.flatMap(\.steps).map(\.what) == [.adopt])
  }

  // MARK: Administrators of Active Directory

  private let mark = [
    Attribute("adminCount", ["1"]), Attribute("userAccountControl", ["512"]),
  ]

  @Test func anAdministratorIsNotTakenOver() {
    let directory = ActiveDirectory()
    for acquaintance: Acquaintance in [[], [.change, .removal]] {
      let plan = planner(directory).plan([subject(from: "ann", to: "bob", acquaintance, adding: mark)])
      #expect(plan.parked["5"]?.reason == .protected && plan.takeovers == [] && plan.sequences == [])
    }
    let plan = planner(adopt: true, directory).plan(
      [subject(from: nil, to: "ann")], occupants: [unlinked("ann", adding: mark)])
    #expect(plan.parked["5"]?.reason == .protected && plan.sequences == [])
    // Of another kind of server it is an attribute like any other.
    #expect(planner().plan([subject(from: "ann", to: "bob", adding: mark)]).parked == [:])
  }

  @Test(arguments: [Removal.Action.delete, .disable])
  func oneOfOursIsLockedOutOnceThatIsReleased(action: Removal.Action) throws {
    var subject = subject(from: "ann", to: action == .delete ? nil : "bob", adding: mark, active: false)
    let planner = planner(ActiveDirectory())
    let held = planner.plan([subject])
    #expect(held.shielded == [Removal(key: "5", action: action, dn: People.dn("ann"))])
    #expect(held.sequences == [] && held.settled == [] && held.parked == [:] && held.waitingKeys == ["5"])
    // Another removal than the one that was looked at.
    subject.released = action == .delete ? .disable : .delete
    #expect(planner.plan([subject]).shielded.count == 1)
    subject.released = action
    let released = planner.plan([subject])
    #expect(released.shielded == [] && released.removals.map(\.action) == [action])
    // Nothing but the lock: the name stays.
    #expect(released.sequences.flatMap(\.steps).map(\.what) == [action == .delete ? .delete : .disable])
    // What is left to change is not changed.
    var active = self.subject(from: "ann", to: "bob", adding: mark)
    active.released = action
    #expect(planner.plan([active]).parked["5"]?.message.contains("adminCount: 1") == true)
  }

  private func planner(_ dialect: any Dialect) -> Planner { planner(adopt: false, dialect) }
}
