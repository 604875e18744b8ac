import LDAPModel
import RollcallCore
import Testing

/// Disabling, and enabling what Rollcall disabled.
@Suite struct DisableTests {
  private static let shell = [Attribute("loginShell", ["/sbin/nologin"])]

  private func rules(_ disable: [Attribute] = shell) -> UserRules {
    var rules = People.rules
    rules.disable = disable
    return rules
  }

  private func plan(
    _ rules: UserRules, active: Bool, _ current: [Attribute]?, byUs: Bool = false, held: Bool = false,
    _ dialect: any Dialect = OpenLDAP()
  ) -> Plan {
    let row = People.row("1", "ann", active: active)
    let entry = current.map { People.entry(row, rules, adding: $0) }
    return People.planner(rules, dialect).plan([
      People.subject("1", row, entry, rules: rules, disabledByUs: byUs, removalHeld: held)
    ])
  }

  private func modifications(_ plan: Plan) -> [Modification] {
    plan.sequences.flatMap(\.steps).flatMap { step in
      if case .modify(_, let modifications) = step.operation { modifications } else { [Modification]() }
    }
  }

  @Test(arguments: [
    (OpenLDAP() as any Dialect, [Modification(.add, "pwdAccountLockedTime", ["000001010000Z"])], []),
    (Directory389(), [Modification(.add, "nsAccountLock", ["true"])], []),
    (
      Directory389(),
      [Modification(.delete, "nsAccountLock", ["false"]), Modification(.add, "nsAccountLock", ["true"])],
      [Attribute("nsAccountLock", ["false"])]
    ),
    (
      // A lock that ends by itself is none.
      OpenLDAP(),
      [
        Modification(.delete, "pwdAccountLockedTime", ["20240102030405Z"]),
        Modification(.add, "pwdAccountLockedTime", ["000001010000Z"]),
      ], [Attribute("pwdAccountLockedTime", ["20240102030405Z"])]
    ),
    (
      ActiveDirectory(),
      [
        Modification(.delete, "userAccountControl", ["66048"]),
        Modification(.add, "userAccountControl", ["66050"]),
      ],
      [Attribute("userAccountControl", ["66048"])]
    ),
  ])
  func theServersOwnWay(dialect: any Dialect, expected: [Modification], current: [Attribute]) {
    let plan = plan(rules([]), active: false, current, dialect)
    #expect(modifications(plan) == expected)
    #expect(plan.sequences[0].steps.map(\.what) == [.disable])
    #expect(plan.sequences[0].steps[0].journalDisable)
    #expect(plan.removals == [Removal(key: "1", action: .disable, dn: People.dn("ann"))])
  }

  @Test(arguments: [
    (OpenLDAP() as any Dialect, Attribute("pwdAccountLockedTime", ["000001010000Z"])),
    (Directory389(), Attribute("nsAccountLock", ["TRUE"])),
    (ActiveDirectory(), Attribute("userAccountControl", ["66050"])),
  ])
  func aDisabledEntryStaysAsItIs(dialect: any Dialect, lock: Attribute) {
    for byUs in [true, false] {
      let plan = plan(rules([]), active: false, [lock], byUs: byUs, dialect)
      #expect(plan.settled == ["1"])
      #expect(plan.removals == [])
    }
  }

  @Test(arguments: [
    (OpenLDAP() as any Dialect, Attribute("pwdAccountLockedTime", ["000001010000Z"]), nil),
    (Directory389(), Attribute("nsAccountLock", ["true"]), nil),
    (ActiveDirectory(), Attribute("userAccountControl", ["66050"]), "66048"),
  ])
  func whatWeDisabledIsEnabled(dialect: any Dialect, lock: Attribute, after: String?) {
    let ours = plan(rules([]), active: true, [lock], byUs: true, dialect)
    var expected = [Modification(.delete, lock.name, lock.values)]
    if let after { expected.append(Modification(.add, lock.name, [AttributeValue(after)])) }
    #expect(modifications(ours) == expected)
    #expect(ours.sequences[0].steps.map(\.what) == [.enable])
    #expect(ours.sequences[0].steps[0].clearsDisable)
    let theirs = plan(rules([]), active: true, [lock], byUs: false, dialect)
    #expect(theirs.settled == ["1"], "a lock set by hand stays")
  }

  @Test func whatIsDisabledAgainIsNoNewRemoval() {
    let plan = plan(rules([]), active: false, [], byUs: true)
    #expect(plan.sequences.flatMap(\.steps).map(\.journalDisable) == [false])
    #expect(plan.removals == [])
  }

  @Test func aHeldDisableIsLeft() {
    let held = plan(rules(), active: false, [], held: true)
    #expect(held.sequences == [])
    #expect(held.settled == ["1"])
    #expect(held.withheld == [Removal(key: "1", action: .disable, dn: People.dn("ann"))])
    let known = plan(rules(), active: false, [], byUs: true, held: true)
    #expect(known.sequences.count == 1, "no first disable, so there is nothing to hold")
  }

  @Test func givenValuesReplaceASingleOneAndGo() {
    let disabled = plan(rules(), active: false, [Attribute("loginShell", ["/bin/sh"])])
    #expect(
      modifications(disabled) == [
        Modification(.delete, "loginShell", ["/bin/sh"]), Modification(.add, "loginShell", ["/sbin/nologin"]),
      ])
    let enabled = plan(rules(), active: true, [Attribute("loginShell", ["/sbin/nologin"])], byUs: true)
    #expect(modifications(enabled) == [Modification(.delete, "loginShell", ["/sbin/nologin"])])
    let changed = plan(rules(), active: true, [Attribute("loginShell", ["/bin/zsh"])], byUs: true)
    #expect(modifications(changed) == [])
    #expect(changed.staleDisables == ["1"])
  }

  @Test func givenValuesStandBesideOthersOfThePeople() {
    let rules = rules([Attribute("description", ["disabled"])])
    let disabled = plan(rules, active: false, [Attribute("description", ["tall"])])
    #expect(modifications(disabled) == [Modification(.add, "description", ["disabled"])])
    let enabled = plan(rules, active: true, [Attribute("description", ["tall", "disabled"])], byUs: true)
    #expect(modifications(enabled) == [Modification(.delete, "description", ["disabled"])])
  }

  @Test func mappedValuesComeBack() {
    let rules = rules([Attribute("cn", ["Left us"])])
    let disabled = plan(rules, active: false, [])
    #expect(
      modifications(disabled) == [
        Modification(.delete, "cn", ["Ann Example"]), Modification(.add, "cn", ["Left us"]),
      ])
    #expect(plan(rules, active: false, [Attribute("cn", ["Left us"])], byUs: true).settled == ["1"])
    let enabled = plan(rules, active: true, [Attribute("cn", ["Left us"])], byUs: true)
    #expect(
      modifications(enabled) == [
        Modification(.delete, "cn", ["Left us"]), Modification(.add, "cn", ["Ann Example"]),
      ])
    #expect(enabled.sequences[0].steps[0].clearsDisable)
  }

  @Test func firstValuesComeBack() {
    var rules = rules()
    rules.createOnly = ["loginShell"]
    var row = People.row("1", "ann")
    row.values.append(["/bin/sh"])
    let entry = People.entry(row, rules, adding: Self.shell)
    let plan = People.planner(rules).plan([People.subject("1", row, entry, rules: rules, disabledByUs: true)])
    #expect(
      modifications(plan) == [
        Modification(.delete, "loginShell", ["/sbin/nologin"]), Modification(.add, "loginShell", ["/bin/sh"]),
      ])
  }

  /// Whatever else is refused, the person is out.
  @Test func disablingComesFirstAndByItself() {
    let row = People.row("1", "bob", mail: ["b@x"], active: false)
    let plan = People.planner(rules()).plan([
      People.subject("1", row, People.entry(People.row("1", "ann"), rules()), rules: rules())
    ])
    #expect(plan.sequences[0].steps.map(\.what) == [.disable, .rename, .update])
    #expect(plan.sequences[0].steps[0].operation.dn == People.dn("ann"))
  }

  @Test func enablingGoesWithTheRest() {
    let row = People.row("1", "bob", mail: ["b@x"])
    let entry = People.entry(People.row("1", "ann"), rules(), adding: Self.shell)
    let plan = People.planner(rules()).plan([
      People.subject("1", row, entry, rules: rules(), disabledByUs: true)
    ])
    #expect(plan.sequences[0].steps.map(\.what) == [.rename, .enable])
    #expect(plan.sequences[0].steps.map(\.clearsDisable) == [false, true])
  }

  @Test func orphansAreDisabledAndNothingElse() {
    var rules = rules()
    rules.removed = .disable
    var entry = People.entry(People.row("1", "ann", mail: ["x@x"]), rules)
    let plan = People.planner(rules).plan([People.subject("1", nil, entry, rules: rules)])
    #expect(modifications(plan) == [Modification(.add, "loginShell", ["/sbin/nologin"])])
    #expect(plan.removals.map(\.action) == [.disable])
    entry["loginShell"] = ["/sbin/nologin"]
    #expect(People.planner(rules).plan([People.subject("1", nil, entry, rules: rules)]).settled == ["1"])
    let gone = People.planner(rules).plan([People.subject("1", nil, nil, rules: rules, disabledByUs: true)])
    #expect(gone.settled == ["1"])
    #expect(gone.staleDisables == ["1"])
  }

  @Test func madeDisabled() {
    let plan = plan(rules(), active: false, nil)
    let step = plan.sequences[0].steps[0]
    guard case .add(_, let attributes) = step.operation else { return #expect(Bool(false)) }
    #expect(attributes.contains(Attribute("loginShell", ["/sbin/nologin"])))
    #expect(step.journalDisable)
    #expect(plan.removals == [], "who is new is not removed")
  }

  @Test func bitsThatCannotBeReadAreNotWritten() {
    let unreadable = plan(rules([]), active: false, [], ActiveDirectory())
    #expect(unreadable.sequences == [])
    #expect(unreadable.parked["1"]?.reason == .access)
    #expect(plan(rules([]), active: true, [], ActiveDirectory()).settled == ["1"])
  }

  @Test func aDeletedEntryIsNoLongerDisabled() {
    let entry = People.entry(People.row("1", "ann"))
    let plan = People.planner().plan([People.subject("1", nil, entry, disabledByUs: true)])
    #expect(plan.sequences[0].steps.map(\.clearsDisable) == [true])
  }
}
