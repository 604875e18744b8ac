import LDAPModel
import RollcallCore
import Testing

/// New entries, first passwords, containers.
@Suite struct CreationTests {
  private func rules(_ change: (inout UserRules) -> Void = { _ in }) -> UserRules {
    var rules = People.rules
    rules.createOnly = ["loginShell"]
    rules.hasPassword = true
    change(&rules)
    return rules
  }

  private func row(password: [AttributeValue], shell: [AttributeValue] = ["/bin/sh"], active: Bool = true)
    -> RosterRow
  {
    var row = People.row("1", "ann", active: active)
    row.values += [shell, password]
    return row
  }

  @Test(arguments: [OpenLDAP() as any Dialect, Directory389()])
  func everythingIsInTheAdd(dialect: any Dialect) {
    let row = row(password: ["{SSHA}hash"])
    let plan = People.planner(rules(), dialect).plan([People.subject("1", row, rules: rules())])
    #expect(plan.sequences.count == 1)
    #expect(
      plan.sequences[0].steps == [
        Step(
          key: "1",
          operation: .add(
            People.dn("ann"),
            [
              Attribute("objectClass", ["inetOrgPerson"]), Attribute("employeeNumber", ["1"]),
              Attribute("uid", ["ann"]), Attribute("cn", ["Ann Example"]), Attribute("sn", ["Example"]),
              Attribute("loginShell", ["/bin/sh"]), Attribute("userPassword", ["{SSHA}hash"]),
            ]), what: .create)
      ])
  }

  @Test func whatIsSetOnceIsNotComparedLater() {
    let entry = People.entry(People.row("1", "ann"), adding: [Attribute("loginShell", ["/bin/zsh"])])
    let plan = People.planner(rules()).plan([
      People.subject("1", row(password: ["new"]), entry, rules: rules())
    ])
    #expect(plan.settled == ["1"])
  }

  @Test func whatTheSchemaRefusesOfANewEntry() throws {
    let several = People.planner(rules()).plan([
      People.subject("1", row(password: [], shell: ["/bin/sh", "/bin/zsh"]), rules: rules())
    ])
    #expect(several.parked["1"]?.message.contains("loginShell has 2 values") == true)
    let posix = rules { $0.classes.append("posixAccount") }
    let missing = People.planner(posix).plan([People.subject("1", row(password: [], shell: []), rules: posix)]
    )
    #expect(
      missing.parked["1"]?.message == "person 1: loginShell has no value, but class posixAccount demands it")
    let entry = People.entry(row(password: []), posix, adding: [Attribute("loginShell", ["/bin/sh"])])
    let there = People.planner(posix).plan([
      People.subject("1", row(password: [], shell: []), entry, rules: posix)
    ])
    #expect(there.settled == ["1"])
  }

  @Test func theFirstPasswordOfActiveDirectory() {
    #expect(
      ActiveDirectory().encode(password: "Pä1").bytes
        == [0x22, 0, 0x50, 0, 0xE4, 0, 0x31, 0, 0x22, 0])
    #expect(ActiveDirectory().encode(password: "😀").bytes == [0x22, 0, 0x3D, 0xD8, 0x00, 0xDE, 0x22, 0])
  }

  private let domain = UserRules(
    base: People.base, naming: "cn", link: "employeeNumber", classes: ["user"],
    attributes: ["cn", "sn", "sAMAccountName"], hasPassword: true)

  private func person(_ password: [AttributeValue], active: Bool = true) -> RosterRow {
    RosterRow(key: "1", active: active, values: [["Ann"], ["S"], ["ann"], password])
  }

  private func control(_ operation: Operation) -> [String] {
    switch operation {
    case .add(_, let attributes): Entry("", attributes)["userAccountControl"].compactMap(\.text)
    case .modify(_, let modifications):
      modifications.filter { $0.attribute == "userAccountControl" }.flatMap { $0.values.compactMap(\.text) }
    default: []
    }
  }

  /// Disabled, password, enabled; the ledger says meanwhile that the disabling was ours.
  @Test(arguments: [(true, "512", Step.What.enable), (false, "514", .update)])
  func anAccountOfActiveDirectory(active: Bool, last: String, what: Step.What) {
    let planner = People.planner(domain, ActiveDirectory())
    let plan = planner.plan([People.subject("1", person(["Secret1"], active: active), rules: domain)])
    let steps = plan.sequences[0].steps
    #expect(steps.map(\.what) == [.create, .password, what])
    #expect(steps.map { control($0.operation) } == [["546"], [], ["546", last]])
    #expect(
      steps[1].operation
        == .modify(
          "cn=Ann,ou=users,dc=example,dc=com",
          [Modification(.replace, "unicodePwd", [ActiveDirectory().encode(password: "Secret1")])]))
    #expect(steps.map(\.journalDisable) == [true, false, false])
    #expect(steps.map(\.clearsDisable) == [false, false, active])
  }

  /// Killed after any of the steps, the account gets its password and is enabled later.
  @Test(arguments: [1, 2]) func anUnfinishedAccountIsFinished(done: Int) throws {
    let planner = People.planner(domain, ActiveDirectory())
    let steps = planner.plan([People.subject("1", person(["Secret1"]), rules: domain)]).sequences[0].steps
    var directory = SimulatedDirectory([], People.schema)
    for step in steps[..<done] { try directory.apply(step.operation) }
    let subject = People.subject(
      "1", person(["Secret1"]), directory.all[0], rules: domain, disabledByUs: true)
    let plan = planner.plan([subject])
    #expect(plan.sequences.flatMap(\.steps).map(\.what) == [.password, .enable])
    for step in plan.sequences.flatMap(\.steps) { try directory.apply(step.operation) }
    #expect(directory.all[0]["userAccountControl"] == ["512"])
    #expect(!directory.all[0]["unicodePwd"].isEmpty)
  }

  /// Nobody may log in without a password.
  @Test func anAccountWithoutPasswordStaysDisabled() throws {
    let planner = People.planner(domain, ActiveDirectory())
    let plan = planner.plan([People.subject("1", person([]), rules: domain)])
    #expect(plan.sequences[0].steps.map { control($0.operation) } == [["514"]])
    #expect(!plan.sequences[0].steps[0].journalDisable)
    var directory = SimulatedDirectory([], People.schema)
    try directory.apply(plan.sequences[0].steps[0].operation)
    #expect(planner.plan([People.subject("1", person([]), directory.all[0], rules: domain)]).settled == ["1"])
    let unfinished = planner.plan([People.subject("1", person(["x"]), rules: domain)]).sequences[0].steps[0]
    var other = SimulatedDirectory([], People.schema)
    try other.apply(unfinished.operation)
    let lost = planner.plan([
      People.subject("1", person([]), other.all[0], rules: domain, disabledByUs: true)
    ])
    #expect(lost.settled == ["1"])
    #expect(lost.staleDisables == [], "once there is a password it is still to be set")
  }

  @Test func mappedBitsKeepTheirLock() throws {
    var rules = domain
    rules.attributes.append("userAccountControl")
    var row = person(["x"])
    row.values.insert(["66048"], at: 3)
    let planner = People.planner(rules, ActiveDirectory())
    let steps = planner.plan([People.subject("1", row, rules: rules)]).sequences[0].steps
    #expect(steps.map { control($0.operation) } == [["66082"], [], ["66082", "66048"]])
    var directory = SimulatedDirectory([], People.schema)
    for step in steps { try directory.apply(step.operation) }
    var entry = directory.all[0]
    #expect(planner.plan([People.subject("1", row, entry, rules: rules)]).settled == ["1"])
    entry["userAccountControl"] = ["514"]
    let plan = planner.plan([People.subject("1", row, entry, rules: rules)])
    #expect(plan.sequences.flatMap(\.steps).map { control($0.operation) } == [["514", "66050"]])
  }
}

/// Containers that are made because an entry needs them.
@Suite struct ContainersTests {
  private let containers = Containers(rules: People.rules, schema: People.schema, dialect: OpenLDAP())
  private let dn: DistinguishedName = #"uid=ann,ou=A\, B,l=Paris,ou=Users,dc=example,dc=com"#

  @Test func outermostFirst() throws {
    let operations = try containers.missing(above: dn)
    #expect(
      operations == [
        .add(
          "l=Paris,ou=Users,dc=example,dc=com",
          [Attribute("objectClass", ["locality"]), Attribute("l", ["Paris"])]),
        .add(
          #"ou=A\, B,l=Paris,ou=Users,dc=example,dc=com"#,
          [Attribute("objectClass", ["organizationalUnit"]), Attribute("ou", ["A, B"])]),
      ])
  }

  @Test func belowWhatIsThere() throws {
    let matched: DistinguishedName = "L=paris, ou=users,dc=example,dc=com"
    #expect(try containers.missing(above: dn, matched: matched).map(\.dn.first?.parts[0].type) == ["ou"])
    #expect(try containers.missing(above: dn, matched: People.base).count == 2)
    #expect(try containers.missing(above: People.dn("x")) == [])
  }

  @Test func notTheBase() {
    let error = #expect(throws: Problem.self) {
      try containers.missing(above: dn, matched: "dc=example,dc=com")
    }
    #expect(error?.message.contains("ou=users,dc=example,dc=com, the base of the users, is missing") == true)
  }

  @Test func aClassThatIsNotKnown() {
    let error = #expect(throws: Problem.self) {
      try containers.missing(above: "uid=x,departmentNumber=7,ou=users,dc=example,dc=com")
    }
    #expect(error?.blocks == "departmentnumber=7,ou=users,dc=example,dc=com")
  }
}
