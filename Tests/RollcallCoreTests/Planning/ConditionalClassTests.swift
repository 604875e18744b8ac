import LDAPModel
import RollcallCore
import Testing

/// Classes that an entry has while a condition of its row is true.
@Suite struct ConditionalClassTests {
  private static let rules: UserRules = {
    var rules = People.rules
    rules.attributes = ["uid", "cn", "sn", "mail", "uidNumber", "gidNumber", "homeDirectory"]
    rules.createOnly = ["loginShell"]
    rules.conditional = ["posixAccount"]
    return rules
  }()

  /// - Parameter number: the value of uidNumber.
  private func row(unix: Bool, number: String? = "5001", mail: String = "a@x", active: Bool = true) -> RosterRow {
    var row = People.row("1", "ann", mail: [mail], active: active)
    row.values += [number.map { [AttributeValue($0)] } ?? [], ["100"], ["/home/ann"], ["/bin/bash"]]
    row.values.append([unix ? "TRUE" : "FALSE"])
    return row
  }

  private func desired(_ row: RosterRow, _ rules: UserRules = rules) -> Desired {
    Projection(rules: rules, schema: .builtin, dialect: OpenLDAP()).desired(for: row)
  }

  private func wanted(_ row: RosterRow, _ rules: UserRules = rules) throws -> Wanted {
    try #require(desired(row, rules).wanted)
  }

  /// The entry as an add makes it.
  private func made(_ row: RosterRow, adding: [Attribute] = [], _ rules: UserRules = rules) throws -> Entry {
    let wanted = try wanted(row, rules)
    var entry = wanted.entry
    for attribute in wanted.createOnly + adding { entry[attribute.name] = attribute.values }
    return entry
  }

  private func planner(_ rules: UserRules = rules, _ schema: Schema = .builtin) -> Planner {
    Planner(rules: rules, schema: schema, dialect: OpenLDAP())
  }

  private func plan(_ row: RosterRow, _ current: Entry?, _ rules: UserRules = rules) -> Plan {
    planner(rules).plan([Subject(key: "1", desired: desired(row, rules), current: current, disabledByUs: false)])
  }

  private func modifications(_ plan: Plan) -> [Modification]? {
    guard plan.sequences.count == 1, plan.sequences[0].steps.count == 1,
      case .modify(_, let modifications) = plan.sequences[0].steps[0].operation
    else { return nil }
    return modifications
  }

  @Test func anEntryWithAndWithout() throws {
    let unix = try made(row(unix: true))
    #expect(unix["objectClass"] == ["inetOrgPerson", "posixAccount"])
    #expect(
      unix["uidNumber"] == ["5001"] && unix["homeDirectory"] == ["/home/ann"] && unix["loginShell"] == ["/bin/bash"])
    let plain = try made(row(unix: false))
    #expect(plain["objectClass"] == ["inetOrgPerson"] && plain["mail"] == ["a@x"])
    #expect(["uidNumber", "gidNumber", "homeDirectory", "loginShell"].allSatisfy { plain[$0].isEmpty })
    for row in [row(unix: true), row(unix: false)] {
      #expect(plan(row, try made(row)).settled == ["1"])
    }
  }

  @Test func whatTheClassDemandsIsMissed() throws {
    guard case .rejected(let problem) = desired(row(unix: true, number: nil)) else {
      return #expect(Bool(false), "it was not rejected")
    }
    #expect(problem.reason == .schema)
    #expect(
      problem.message.contains("uidNumber has no value, but class posixAccount, whose condition is true, demands"))
    #expect(desired(row(unix: false, number: nil)).wanted != nil)
    var rules = Self.rules
    rules.attributes.removeAll { $0 == "homeDirectory" }
    rules.createOnly = ["homeDirectory"]
    var row = row(unix: true)
    row.values.remove(at: 6)
    row.values[6] = []
    #expect(plan(row, nil, rules).parked["1"]?.message.contains("homeDirectory has no value") == true)
    var plain = row
    plain.values[7] = ["FALSE"]
    #expect(plan(row, try made(plain, rules), rules).parked["1"]?.message.contains("homeDirectory has no") == true)
  }

  @Test func aClassComesAndGoesInOneModify() throws {
    #expect(
      modifications(plan(row(unix: true), try made(row(unix: false)))) == [
        Modification(.add, "objectClass", ["posixAccount"]), Modification(.add, "uidNumber", ["5001"]),
        Modification(.add, "gidNumber", ["100"]), Modification(.add, "homeDirectory", ["/home/ann"]),
        Modification(.add, "loginShell", ["/bin/bash"]),
      ])
    var entry = try made(row(unix: true))
    entry["objectClass"] = ["top", "inetOrgPerson", "POSIXACCOUNT"]
    entry["loginShell"] = ["/bin/zsh"]
    #expect(
      modifications(plan(row(unix: false), entry)) == [
        Modification(.delete, "objectClass", ["POSIXACCOUNT"]), Modification(.delete, "uidNumber", ["5001"]),
        Modification(.delete, "gidNumber", ["100"]), Modification(.delete, "homeDirectory", ["/home/ann"]),
        Modification(.delete, "loginShell", ["/bin/zsh"]),
      ])
    // An initial value that somebody has changed stays while the class stays.
    entry["objectClass"] = ["inetOrgPerson", "posixAccount"]
    #expect(plan(row(unix: true), entry).settled == ["1"])
  }

  @Test func otherClassesStay() throws {
    var entry = try made(row(unix: false))
    entry["objectClass"].append("shadowAccount")
    #expect(plan(row(unix: false), entry).settled == ["1"])
  }

  /// Its attributes stay with it, and what does not depend on it is written.
  @Test func whatIsSetByHandKeepsTheClass() throws {
    let entry = try made(row(unix: true), adding: [Attribute("gecos", ["by hand"])])
    let changed = plan(row(unix: false, mail: "b@x"), entry)
    #expect(
      modifications(changed) == [Modification(.delete, "mail", ["a@x"]), Modification(.add, "mail", ["b@x"])])
    #expect(changed.parked["1"]?.reason == .schema && changed.parked["1"]?.mayPass == true)
    #expect(changed.parked["1"]?.message.contains("class posixAccount cannot be removed from uid=ann") == true)
    #expect(changed.parked["1"]?.message.contains("gecos was set by hand") == true)
    let still = plan(row(unix: false), entry)
    #expect(still.sequences.isEmpty && still.settled.isEmpty && still.parked["1"] != nil)
    // Who is disabled waits for nobody.
    let left = plan(row(unix: false, active: false), entry)
    #expect(left.parked.isEmpty && left.removals.map(\.action) == [.disable])
    // Another class that stays allows it.
    var other = entry
    other["description"] = ["by hand"]
    other["gecos"] = []
    #expect(
      modifications(plan(row(unix: false), other))?.first == Modification(.delete, "objectClass", ["posixAccount"]))
    #expect(planner().requestedAttributes.contains("gecos"))
    #expect(!planner().writtenAttributes.contains("gecos") && !planner().requestedAttributes.contains("userPassword"))
  }

  @Test func whatIsSetByHandIsNamedWithARename() throws {
    var changed = row(unix: false)
    changed.values[0] = ["anna"]
    let plan = plan(changed, try made(row(unix: true), adding: [Attribute("gecos", ["by hand"])]))
    #expect(plan.sequences.flatMap(\.steps).map(\.what) == [.rename])
    #expect(plan.parked["1"]?.message.contains("gecos") == true)
  }

  /// A class that the server refuses to remove delays nothing else.
  @Test func aClassThatGoesIsAPartOfItsOwn() throws {
    let step = try #require(
      plan(row(unix: false, mail: "b@x"), try made(row(unix: true))).sequences.first?.steps.first)
    let parts = planner().parts(of: step)
    let names = parts.map { part -> [String] in
      guard case .modify(_, let modifications) = part.operation else { return [] }
      return modifications.map(\.attribute)
    }
    #expect(names == [["objectClass", "uidNumber", "gidNumber", "homeDirectory", "loginShell"], ["mail", "mail"]])
    #expect(!parts.contains(where: planner().isFoundation))
    let added = try #require(plan(row(unix: true), try made(row(unix: false))).sequences.first?.steps.first)
    let first = planner().parts(of: added)
    #expect(first.first.map(planner().isFoundation) == true && first.count == 2)
  }

  /// Some servers add the classes above one by themselves.
  @Test func classesAboveGoToo() throws {
    let schema = Schema(
      attributeTypes: [
        "( 1.1 NAME 'objectClass' EQUALITY objectIdentifierMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.38 )",
        "( 1.2 NAME ( 'uid' ) EQUALITY caseIgnoreMatch )", "( 1.3 NAME 'employeeNumber' EQUALITY caseIgnoreMatch )",
        "( 1.4 NAME 'mark' EQUALITY caseIgnoreMatch )", "( 1.5 NAME 'more' EQUALITY caseIgnoreMatch )",
      ],
      objectClasses: [
        "( 2.1 NAME 'top' ABSTRACT MUST objectClass )",
        "( 2.2 NAME 'one' SUP top STRUCTURAL MAY ( uid $ employeeNumber ) )",
        "( 2.3 NAME 'marked' SUP top AUXILIARY MUST mark )", "( 2.4 NAME 'special' SUP marked AUXILIARY MAY more )",
        "( 2.5 NAME 'other' SUP marked AUXILIARY )",
      ], contentRules: ["( 2.2 NAME 'one' AUX marked MAY ( more ) )"])
    let rules = UserRules(
      base: People.base, naming: "uid", link: "employeeNumber", classes: ["one"], attributes: ["uid", "mark"],
      conditional: ["special"])
    let row = RosterRow(key: "1", values: [["ann"], ["x"], ["FALSE"]])
    let desired = Projection(rules: rules, schema: schema, dialect: OpenLDAP()).desired(for: row)
    var entry = try #require(desired.wanted?.entry)
    entry["objectClass"] = ["top", "one", "marked", "special"]
    entry["mark"] = ["x"]
    let plan = planner(rules, schema).plan([Subject(key: "1", desired: desired, current: entry)])
    #expect(
      modifications(plan) == [
        Modification(.delete, "objectClass", ["marked", "special"]), Modification(.delete, "mark", ["x"]),
      ])
    entry["objectClass"].append("other")
    let shared = planner(rules, schema).plan([Subject(key: "1", desired: desired, current: entry)])
    #expect(modifications(shared)?.first == Modification(.delete, "objectClass", ["special"]))
    // What the server's content rules allow keeps no class.
    #expect(schema.permits("mark", classes: ["one"]) && !schema.allows("mark", classes: ["one"]))
    #expect(schema.permits("more", classes: ["top", "one"]) && !schema.permits("more", classes: ["top"]))
  }
}
