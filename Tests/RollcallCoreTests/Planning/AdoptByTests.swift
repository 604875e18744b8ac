import LDAPModel
import RollcallCore
import Testing

/// An unlinked entry that was found by an attribute becomes somebody's.
@Suite struct AdoptByTests {
  private static let rules: UserRules = {
    var rules = People.rules
    rules.adoption = AdoptionRule(by: "mail", below: "ou=staff,dc=example,dc=com")
    return rules
  }()

  private func search(_ rules: UserRules = rules, filter: Filter? = nil) throws -> AdoptionSearch {
    try #require(AdoptionSearch(rules, People.schema, filter: filter))
  }

  private func unlinked(_ dn: DistinguishedName, mail: String = "a@x") -> Entry {
    var entry = People.entry(People.row("", "ann", mail: [mail]))
    entry["employeeNumber"] = []
    entry.dn = dn
    return entry
  }

  private func plan(_ row: RosterRow, _ entry: Entry, _ rules: UserRules = rules) -> Plan {
    var subject = People.subject(row.key, row, entry, rules: rules)
    subject.acquaintance = [.change, .removal]
    return People.planner(rules).plan([subject])
  }

  @Test func theEntryIsMovedToItsPlace() {
    let row = People.row("1", "ann", mail: ["a@x"])
    let steps = plan(row, unlinked("uid=old,ou=staff,dc=example,dc=com")).sequences.flatMap(\.steps)
    #expect(steps.map(\.what) == [.move, .adopt])
    #expect(steps.last?.operation.dn == People.dn("ann"))
    let there = plan(row, unlinked(People.dn("ann"))).sequences.flatMap(\.steps)
    #expect(
      there.map(\.operation) == [.modify(People.dn("ann"), [Modification(.add, "employeeNumber", ["1"])])])
    // Where nobody has asked for it, an entry without a link is nobody's.
    #expect(plan(row, unlinked(People.dn("ann")), People.rules).parked["1"]?.reason == .duplicateLink)
  }

  @Test func anAdministratorsEntryIsNotTakenOver() {
    let row = People.row("1", "ann", mail: ["a@x"])
    let protection = Protection(
      accounts: ["uid=old,ou=staff,dc=example,dc=com"], bases: [People.base], listed: [], schema: People.schema)
    let planner = Planner(rules: Self.rules, schema: People.schema, dialect: OpenLDAP(), protection: protection)
    var subject = People.subject("1", row, unlinked("uid=old,ou=staff,dc=example,dc=com"), rules: Self.rules)
    subject.acquaintance = [.change, .removal]
    #expect(planner.plan([subject]).parked["1"]?.reason == .protected)
  }

  @Test func whatIsLookedFor() throws {
    #expect(
      try search().filter(["a@x"])?.description
        == "(&(mail=a@x)(!(employeeNumber=*))(objectClass=inetOrgPerson))")
    #expect(
      try search(filter: .present("description")).filter(["a@x", "b@x"])?.description
        == "(&(|(mail=a@x)(mail=b@x))(!(employeeNumber=*))(objectClass=inetOrgPerson)(description=*))")
    #expect(try search().filter([]) == nil)
    #expect(AdoptionSearch(People.rules, People.schema, filter: nil) == nil)
    let (one, other) = (unlinked("uid=a,dc=x", mail: "A@X"), unlinked("uid=b,dc=x"))
    #expect(try search().share(one, other))
    #expect(try !search().share(one, unlinked("uid=b,dc=x", mail: "b@x")))
  }

  @Test func whatIsAmbiguousIsNamed() throws {
    let several = try search().ambiguous("1", ["uid=b,dc=x", "uid=a,dc=x"])
    #expect(several.message.contains("have its mail: uid=a,dc=x and uid=b,dc=x;") && several.mayPass)
    let shared = try search().ambiguous("1", "uid=a,dc=x", others: ["3", "2"])
    #expect(shared.message.contains("uid=a,dc=x has the mail of person 2 and person 3 too") && shared.mayPass)
  }

  @Test func whatNothingCanBeFoundBy() {
    for (by, words) in [
      ("employeeNumber", "\"employeeNumber\" is the link"), ("jpegPhoto", "\"jpegPhoto\" has no equality rule"),
      ("userPassword", "\"userPassword\" cannot be read back"),
    ] {
      var rules = People.rules
      rules.attributes.append(by)
      rules.adoption = AdoptionRule(by: by, below: People.base)
      let found = SchemaCheck(schema: People.schema, dialect: OpenLDAP()).complaints(about: rules)
      #expect(found.contains { $0.path == "users.adopt.by" && $0.message.hasPrefix(words) }, "\(found)")
    }
  }
}
