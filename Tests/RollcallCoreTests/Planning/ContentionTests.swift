import LDAPModel
import RollcallCore
import Testing

/// Who gets a name that several want, or that somebody else has.
@Suite struct ContentionTests {
  private func subject(_ key: RosterKey, from: String?, to: String?) -> Subject {
    People.subject(key, to.map { People.row(key, $0) }, from.map { People.entry(People.row(key, $0)) })
  }

  private func name(_ uid: String) -> String { People.dn(uid).normalized(People.schema) }

  private func occupant(_ uid: String, key: RosterKey?) -> Occupant {
    var entry = People.entry(People.row(key ?? "", uid))
    if key == nil { entry["employeeNumber"] = [] }
    return Occupant(entry, link: "employeeNumber")
  }

  private func moving(_ plan: Plan) -> Set<RosterKey> { Set(plan.sequences.flatMap(\.keys)) }

  @Test func theHolderKeepsItsName() throws {
    let plan = People.planner().plan([
      subject("2", from: "ann", to: "ann"), subject("1", from: "bob", to: "ANN"),
    ])
    let problem = try #require(plan.parked["1"])
    #expect(problem.reason == .nameTaken)
    #expect(problem.blocks == name("ann"))
    #expect(
      problem.message
        == "person 1 wants \(name("ann")), which person 2 (\(People.dn("ann"))) has: give one of them another"
    )
    #expect(plan.settled == ["2"])
    #expect(plan.sequences == [])
  }

  @Test func ofNewcomersTheLowestKeyWins() throws {
    let plan = People.planner().plan(["10", "9", "x"].map { subject($0, from: nil, to: "ann") })
    #expect(moving(plan) == ["9"])
    #expect(Set(plan.parked.keys) == ["10", "x"])
    #expect(plan.parked["10"]?.message.contains("which person 9 gets") == true)
  }

  @Test(arguments: [
    (["2", "10"], "2"), (["b", "a"], "a"), (["z", "3"], "3"), (["02", "3"], "3"), (["-1", "5"], "5"),
  ])
  func theOrderOfKeys(_ texts: [String], _ winner: String) {
    let keys = texts.map { RosterKey($0) }
    for keys in [keys, keys.reversed()] {
      #expect(moving(People.planner().plan(keys.map { subject($0, from: nil, to: "ann") })) == [RosterKey(winner)])
    }
  }

  @Test func aHolderThatCannotLeaveKeepsItsName() throws {
    // 3 stays; so 2 cannot leave, and 1 cannot have what 2 has.
    let plan = People.planner().plan([
      subject("1", from: "a", to: "b"), subject("2", from: "b", to: "c"), subject("3", from: "c", to: "c"),
      subject("4", from: nil, to: "a"),
    ])
    #expect(Set(plan.parked.keys) == ["1", "2", "4"])
    #expect(plan.parked["1"]?.blocks == name("b"))
    #expect(plan.parked["2"]?.blocks == name("c"))
    #expect(plan.sequences == [])
  }

  @Test func heldRejectedAndUntouchedEntriesKeepTheirNames() {
    var held = subject("1", from: "a", to: nil)
    held.removalHeld = true
    var rejected = subject("2", from: "b", to: "b")
    rejected.desired = .rejected(Problem(.mapping, "person 2: …"))
    var untouched = subject("3", from: "c", to: "c")
    untouched.desired = .untouched
    let plan = People.planner().plan([
      held, rejected, untouched, subject("4", from: nil, to: "a"), subject("5", from: nil, to: "b"),
      subject("6", from: nil, to: "c"),
    ])
    #expect(plan.sequences == [])
    #expect(plan.parked["2"]?.reason == .mapping)
    #expect(["4", "5", "6"].allSatisfy { plan.parked[$0]?.reason == .nameTaken })
    #expect(plan.withheld == [Removal(key: "1", action: .delete, dn: People.dn("a"))])
    #expect(plan.removals == [])
  }

  /// If 1 won, 3 could not leave, and nobody could go; so those who can exchange do.
  @Test func anExchangeBeatsANewcomer() throws {
    let plan = People.planner().plan([
      subject("1", from: nil, to: "x"), subject("2", from: "x", to: "y"), subject("3", from: "y", to: "x"),
    ])
    #expect(moving(plan) == ["2", "3"])
    #expect(plan.parked["1"]?.blocks == name("x"))
  }

  /// The same on both sides of the exchange, whatever the keys are.
  @Test func anExchangeBeatsNewcomersOnBothSides() throws {
    let plan = People.planner().plan([
      subject("0", from: "bob", to: "eve"), subject("2", from: "cy", to: "eve"),
      subject("3", from: nil, to: "bob"),
      subject("4", from: "eve", to: "bob"),
    ])
    #expect(moving(plan) == ["0", "4"])
    #expect(plan.parked["2"]?.message.contains("which person 0 gets") == true)
    #expect(plan.parked["3"]?.message.contains("which person 4 gets") == true)
  }

  @Test func theOrderOfReadingDoesNotMatter() {
    let subjects = [
      subject("1", from: "a", to: "x"), subject("2", from: "b", to: "x"), subject("3", from: nil, to: "a"),
      subject("4", from: nil, to: "a"), subject("5", from: "x", to: "y"),
    ]
    let plan = People.planner().plan(subjects)
    #expect(People.planner().plan(subjects.reversed()) == plan)
    #expect(moving(plan) == ["1", "3", "5"])
  }

  @Test func theHolderIsToBeLookedAtFirst() {
    let plan = People.planner().plan(
      [subject("1", from: "a", to: "b"), subject("2", from: nil, to: "a"), subject("3", from: nil, to: "z")],
      occupants: [occupant("b", key: "9")])
    let blocker = Blocker(key: "9", dn: People.dn("b"), resource: People.dn("b").text)
    // Whoever wants what a blocked key has is blocked too, and waits for what it wants.
    var second = blocker
    second.holder = Blocker.Holder(key: "1", dn: People.dn("a"), resource: name("a"))
    #expect(plan.blocked == ["1": blocker, "2": second])
    #expect(moving(plan) == ["3"])
  }

  @Test func anUnlinkedEntryKeepsItsName() throws {
    let plan = People.planner().plan(
      [subject("1", from: nil, to: "ann"), subject("2", from: "bob", to: "eve")],
      occupants: [occupant("ann", key: nil), occupant("eve", key: nil)])
    #expect(plan.sequences == [])
    #expect(plan.parked["1"]?.blocks == name("ann"))
    #expect(plan.parked["1"]?.message.contains("an entry without a link") == true)
    #expect(plan.parked["2"]?.blocks == name("eve"))
  }

  @Test func claimsAreWhatIsWantedAndNotThere() {
    let claims = People.planner().claims(of: [
      subject("1", from: "a", to: "A"), subject("2", from: "b", to: "c"), subject("3", from: nil, to: "d"),
      subject("4", from: "e", to: nil),
    ])
    #expect(claims == [.name(People.dn("c")), .name(People.dn("d"))])
  }
}

/// Attributes that only one entry of the directory can have a value of (Active Directory).
@Suite struct UniqueValueTests {
  private let rules = UserRules(
    base: People.base, naming: "cn", link: "employeeNumber", classes: ["user"],
    attributes: ["cn", "sn", "sAMAccountName", "userPrincipalName"])

  private func row(_ key: RosterKey, _ cn: String, _ login: String) -> RosterRow {
    RosterRow(
      key: key,
      values: [[AttributeValue(cn)], ["S"], [AttributeValue(login)], [AttributeValue(login + "@x")]])
  }

  private func entry(_ key: RosterKey, _ cn: String, _ login: String) -> Entry {
    People.entry(row(key, cn, login), rules, adding: [Attribute("userAccountControl", ["512"])])
  }

  private func subject(_ key: RosterKey, _ current: Entry?, _ row: RosterRow) -> Subject {
    People.subject(key, row, current, rules: rules)
  }

  private var planner: Planner { People.planner(rules, ActiveDirectory()) }

  @Test func loginsAreExchanged() throws {
    let entries = [entry("1", "Ann", "ann"), entry("2", "Bob", "bob")]
    let plan = planner.plan([
      subject("1", entries[0], row("1", "Ann", "bob")), subject("2", entries[1], row("2", "Bob", "ann")),
    ])
    #expect(plan.sequences.count == 1)
    var directory = SimulatedDirectory(
      entries, People.schema, uniques: ["sAMAccountName", "userPrincipalName"])
    for step in plan.sequences[0].steps { try directory.apply(step.operation) }
    #expect(directory.entry(entries[0].dn)?["sAMAccountName"] == ["bob"])
    #expect(directory.entry(entries[1].dn)?["userPrincipalName"] == ["ann@x"])
    let refused = try #require(plan.sequences[0].steps.lastIndex { $0.exchange != nil })
    var other = SimulatedDirectory(entries, People.schema, uniques: ["sAMAccountName", "userPrincipalName"])
    for step in plan.sequences[0].steps[..<refused] { try other.apply(step.operation) }
    for operation in plan.sequences[0].undo(refusedAt: refused) { try other.apply(operation) }
    #expect(zip(other.all, entries).allSatisfy { $0.isEquivalent(to: $1, People.schema) })
  }

  @Test func aLoginIsTaken() throws {
    let plan = planner.plan([
      subject("1", entry("1", "Ann", "ann"), row("1", "Ann", "ann")),
      subject("2", nil, row("2", "Bob", "ANN")),
    ])
    #expect(plan.parked["2"]?.reason == .nameTaken)
    #expect(plan.parked["2"]?.blocks == "samaccountname: ann")
    #expect(plan.parked["2"]?.message.contains("person 1") == true)
  }

  @Test func aLoginIsTakenElsewhereInTheDirectory() throws {
    var stranger = entry("", "Admin", "ann")
    stranger.dn = "cn=Admin,cn=Users,dc=example,dc=com"
    stranger["employeeNumber"] = []
    let subject = subject("1", nil, row("1", "Ann", "ann"))
    let claims = planner.claims(of: [subject])
    #expect(claims.contains(.value(attribute: "sAMAccountName", "ann")))
    let plan = planner.plan([subject], occupants: [Occupant(stranger, link: "employeeNumber")])
    #expect(plan.parked["1"]?.message.contains("cn=Admin,cn=Users,dc=example,dc=com has") == true)
  }

  /// Nothing outside the base is ours, whatever link it carries.
  @Test func anEntryOutsideTheBaseIsNotMoved() throws {
    var moved = entry("1", "Ann", "ann")
    moved.dn = "cn=Ann,ou=elsewhere,dc=example,dc=com"
    let occupant = Occupant(moved, link: "employeeNumber")
    for key: RosterKey in ["1", "2"] {
      let plan = planner.plan([subject(key, nil, row(key, "Ann", "ann"))], occupants: [occupant])
      #expect(plan.sequences == [])
      #expect(plan.blocked == [:])
      #expect(plan.parked[key]?.message.contains("ou=elsewhere") == true)
    }
  }

  @Test func stepsTellWhatTheyFree() {
    let plan = planner.plan([subject("1", entry("1", "Ann", "ann"), row("1", "Ann", "bob"))])
    #expect(plan.sequences[0].steps.map(\.frees) == [["samaccountname: ann", "userprincipalname: ann@x"]])
  }
}
