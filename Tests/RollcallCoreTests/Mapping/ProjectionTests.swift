import LDAPModel
import RollcallCore
import Testing

/// What the roster makes of a row.
@Suite struct ProjectionTests {
  private func desired(_ row: RosterRow?, _ change: (inout UserRules) -> Void = { _ in }) -> Desired {
    var rules = People.rules
    change(&rules)
    return Projection(rules: rules, schema: People.schema, dialect: OpenLDAP()).desired(for: row)
  }

  private func problem(_ row: RosterRow, _ change: (inout UserRules) -> Void = { _ in }) throws -> Problem {
    guard case .rejected(let problem) = desired(row, change) else {
      throw Problem(.mapping, "was not rejected")
    }
    return problem
  }

  private func dn(_ row: RosterRow, _ change: (inout UserRules) -> Void = { _ in }) -> String? {
    if case .present(let wanted) = desired(row, change) { wanted.entry.dn.text } else { nil }
  }

  @Test func anEntry() {
    let row = People.row("17", "ann", mail: ["a@x", "b@x"])
    #expect(
      desired(row)
        == .present(
          Wanted(
            entry: Entry(
              "uid=ann,ou=users,dc=example,dc=com",
              [
                Attribute("objectClass", ["inetOrgPerson"]), Attribute("employeeNumber", ["17"]),
                Attribute("uid", ["ann"]), Attribute("cn", ["Ann Example"]), Attribute("sn", ["Example"]),
                Attribute("mail", ["a@x", "b@x"]),
              ]))))
  }

  @Test func valuesAreSets() {
    guard case .present(let wanted) = desired(People.row("1", "ann", mail: ["A@x", "b@x", "a@X"])) else {
      return #expect(Bool(false))
    }
    #expect(wanted.entry["mail"] == ["A@x", "b@x"])
  }

  @Test(arguments: [
    ("a,b", #"uid=a\,b,ou=users,dc=example,dc=com"#), ("#x", "uid=\\#x,ou=users,dc=example,dc=com"),
    (" lead", #"uid=\20lead,ou=users,dc=example,dc=com"#),
    ("qu\"ote", #"uid=qu\"ote,ou=users,dc=example,dc=com"#),
    ("日本", "uid=日本,ou=users,dc=example,dc=com"),
  ])
  func awkwardNames(uid: String, dn: String) {
    #expect(self.dn(People.row("1", uid)) == dn)
  }

  @Test func rowsOutOfTheRoster() {
    var outside = People.row("1", "ann")
    outside.inScope = false
    for row in [nil, outside] {
      #expect(desired(row) { $0.removed = .delete } == .absent)
      #expect(desired(row) { $0.removed = .disable } == .orphanDisabled)
      #expect(desired(row) { $0.removed = .keep } == .untouched)
    }
  }

  @Test func inactiveRows() {
    let row = People.row("1", "ann", active: false)
    #expect(desired(row) { $0.inactive = .delete } == .absent)
    #expect(desired(row) { $0.inactive = .keep } == .untouched)
    guard case .disabled(let wanted) = desired(row) else { return #expect(Bool(false)) }
    #expect(wanted.entry == People.entry(row))
  }

  /// A row that makes no entry must not keep a person whom the policy removes.
  @Test func removalsNeedNoMapping() {
    var row = People.row("1", "ann", active: false)
    row.values[2] = []
    #expect(desired(row) { $0.inactive = .delete } == .absent)
    row.inScope = false
    #expect(desired(row) == .absent)
  }

  @Test func aRowWithoutAName() throws {
    var row = People.row("17", "ann")
    row.values[0] = []
    let problem = try problem(row)
    #expect(problem.reason == .nameMissing)
    #expect(problem.message == "person 17 has no value for uid, which names the entry: give the row one")
    row.values[0] = ["ann", "anne"]
    #expect(try self.problem(row).reason == .nameMissing)
    #expect(try self.problem(row).message.contains("2 values"))
  }

  /// Two spellings of one name are one name.
  @Test func aNameGivenTwice() {
    var row = People.row("17", "ann")
    row.values[0] = ["ann", "ANN"]
    #expect(dn(row) == "uid=ann,ou=users,dc=example,dc=com")
  }

  @Test func whatTheSchemaRefuses() throws {
    var row = People.row("17", "ann")
    row.values[2] = []
    let missing = try problem(row)
    #expect(missing.reason == .schema)
    #expect(missing.message == "person 17: sn has no value, but class inetOrgPerson demands it")
    row = People.row("17", "ann", mail: ["a", "b"])
    let several = try problem(row) { $0.attributes[3] = "displayName" }
    #expect(several.reason == .schema)
    #expect(several.message == "person 17: displayName has 2 values, but the directory's schema allows one")
    #expect(several.blocks == nil)
  }

  @Test func otherNamesOfAnAttribute() throws {
    var row = People.row("17", "ann")
    row.values[2] = []
    #expect(try problem(row) { $0.attributes[2] = "surname" }.message.contains("surname has no value"))
    #expect(dn(People.row("1", "x")) { $0.naming = "userid" } == "userid=x,ou=users,dc=example,dc=com")
  }

  @Test func theLinkIsTheKey() throws {
    var row = People.row("17", "ann", mail: ["17"])
    #expect(dn(row) { $0.attributes[3] = "employeeNumber" } != nil)
    row.values[3] = ["18"]
    #expect(try problem(row) { $0.attributes[3] = "employeeNumber" }.reason == .mapping)
  }

  @Test func theLinkMayNameToo() {
    let row = RosterRow(key: "17", values: [["17"], ["A B"], ["B"]])
    let name = dn(row) {
      $0.naming = "employeeNumber"
      $0.attributes = ["employeeNumber", "cn", "sn"]
    }
    #expect(name == "employeeNumber=17,ou=users,dc=example,dc=com")
  }

  @Test(
    arguments: [
      ([["IT"], ["Paris"]], "uid=ann,ou=IT,l=Paris,ou=users,dc=example,dc=com"),
      ([[], ["Paris"]], "uid=ann,l=Paris,ou=users,dc=example,dc=com"),
      ([["R&D, \"x\""], []], #"uid=ann,ou=R&D\, \"x\",ou=users,dc=example,dc=com"#),
      ([[], []], "uid=ann,ou=users,dc=example,dc=com"),
    ] as [([[AttributeValue]], String)])
  func containers(levels: [[AttributeValue]], dn: String) {
    var row = People.row("1", "ann")
    row.values += levels
    #expect(self.dn(row) { $0.containers = ["ou", "l"] } == dn)
  }

  @Test func severalContainers() throws {
    var row = People.row("1", "ann")
    row.values.append(["IT", "HR"])
    #expect(try problem(row) { $0.containers = ["ou"] }.reason == .mapping)
  }

  @Test func whatIsSetOnce() throws {
    var row = People.row("1", "ann")
    row.values += [["/bin/sh"], ["{SSHA}x"], ["IT"]]
    let change: (inout UserRules) -> Void = {
      $0.createOnly = ["loginShell"]
      $0.hasPassword = true
      $0.containers = ["ou"]
    }
    guard case .present(let wanted) = desired(row, change) else { return #expect(Bool(false)) }
    #expect(wanted.createOnly == [Attribute("loginShell", ["/bin/sh"])])
    #expect(wanted.password == "{SSHA}x")
    #expect(wanted.entry["loginShell"].isEmpty)
    row.values[5] = []
    guard case .present(let without) = desired(row, change) else { return #expect(Bool(false)) }
    #expect(without.password == nil)
    row.values[5] = ["one-secret", "other-secret"]
    #expect(try !problem(row, change).message.contains("secret"))
  }

  @Test func theWrongNumberOfColumns() throws {
    #expect(
      try problem(RosterRow(key: "1", values: [["a"]])).message.contains("1 columns, the mapping has 4"))
  }
}
