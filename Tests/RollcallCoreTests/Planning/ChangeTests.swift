import LDAPModel
import RollcallCore
import Testing

/// Values: what one modify contains.
@Suite struct ChangeTests {
  private let key: RosterKey = "17"

  /// The modifications that turn an entry into what the row wants; nil where something else is planned.
  private func modifications(
    _ row: RosterRow, _ current: Entry, _ rules: UserRules = People.rules
  ) -> [Modification]? {
    let plan = People.planner(rules).plan([People.subject(row.key, row, current, rules: rules)])
    if plan.settled == [row.key], plan.sequences.isEmpty { return [] }
    guard plan.sequences.count == 1, plan.sequences[0].steps.count == 1,
      case .modify(let dn, let modifications) = plan.sequences[0].steps[0].operation, dn == current.dn
    else { return nil }
    return modifications
  }

  private func rules(mapping attribute: String) -> UserRules {
    var rules = People.rules
    rules.attributes[3] = attribute
    return rules
  }

  private func row(_ values: [AttributeValue]) -> RosterRow {
    var row = People.row(key, "ann")
    row.values[3] = values
    return row
  }

  /// From these values to those, of an attribute.
  private func change(
    _ attribute: String, _ current: [AttributeValue], _ wanted: [AttributeValue]
  ) -> [Modification]? {
    let rules = rules(mapping: attribute)
    return modifications(row(wanted), People.entry(row(current), rules), rules)
  }

  @Test func nothingToDo() {
    let row = People.row(key, "ann", mail: ["a@x", "b@x"])
    #expect(modifications(row, People.entry(row)) == [])
    #expect(modifications(row, People.entry(row, adding: [Attribute("description", ["mine"])])) == [])
  }

  @Test func valuesAreDeletedAndAddedByValue() {
    #expect(
      change("mail", ["a@x"], ["b@x"]) == [
        Modification(.delete, "mail", ["a@x"]), Modification(.add, "mail", ["b@x"]),
      ])
    #expect(
      change("mail", ["a@x", "b@x"], ["b@x", "c@x"]) == [
        Modification(.delete, "mail", ["a@x"]), Modification(.add, "mail", ["c@x"]),
      ])
    #expect(change("mail", [], ["b@x"]) == [Modification(.add, "mail", ["b@x"])])
    #expect(change("mail", ["a@x", "b@x"], []) == [Modification(.delete, "mail", ["a@x", "b@x"])])
  }

  @Test func orderDoesNotCount() {
    #expect(change("mail", ["a@x", "b@x"], ["b@x", "a@x"]) == [])
  }

  /// What people see is written as they spell it, though the directory takes both for the same.
  @Test func spellingCounts() {
    #expect(
      change("mail", ["A@x"], ["a@x"]) == [
        Modification(.delete, "mail", ["A@x"]), Modification(.add, "mail", ["a@x"]),
      ])
    #expect(change("telephoneNumber", ["+1 555"], ["+1-555"])?.count == 2)
    #expect(change("displayName", ["Ann  B"], ["Ann B"])?.count == 2)
  }

  /// A server answers with its own spelling of these, so writing them again would never end.
  @Test func spellingOfNamesDoesNotCount() {
    #expect(
      change("manager", ["UID=Bob, OU=users,DC=example,DC=com"], ["uid=bob,ou=users,dc=example,dc=com"]) == []
    )
    #expect(change("manager", ["uid=bob,dc=x"], ["uid=eve,dc=x"])?.count == 2)
  }

  @Test func withoutEqualityRuleAllIsReplaced() {
    let (one, two) = (AttributeValue(bytes: [1, 0]), AttributeValue(bytes: [2]))
    #expect(change("jpegPhoto", [one], [two]) == [Modification(.replace, "jpegPhoto", [two])])
    #expect(change("jpegPhoto", [one], []) == [Modification(.replace, "jpegPhoto", [])])
    #expect(change("jpegPhoto", [one, two], [two, one]) == [])
  }

  @Test func whatTheServerHidesIsNeverCompared() {
    #expect(change("userPassword", ["{SSHA}old"], ["{SSHA}new"]) == [])
    #expect(!People.planner(rules(mapping: "userPassword")).requestedAttributes.contains("userPassword"))
  }

  @Test func anotherNameOfTheAttribute() {
    var rules = People.rules
    rules.attributes[2] = "surname"
    #expect(modifications(People.row(key, "ann"), People.entry(People.row(key, "ann")), rules) == [])
  }

  @Test func classesAreOnlyAdded() {
    let row = People.row(key, "ann")
    var entry = People.entry(row)
    entry["objectClass"] = ["top", "PERSON", "INETORGPERSON", "posixAccount"]
    #expect(modifications(row, entry) == [])
    entry["objectClass"] = ["person"]
    #expect(modifications(row, entry) == [Modification(.add, "objectClass", ["inetOrgPerson"])])
  }

  @Test func severalAttributesAreOneModify() {
    var entry = People.entry(People.row(key, "ann", cn: "Old", mail: ["a@x"]))
    entry["sn"] = ["Old"]
    #expect(
      modifications(People.row(key, "ann", mail: ["b@x"]), entry)?.map(\.attribute) == [
        "cn", "cn", "sn", "sn", "mail", "mail",
      ])
  }

  @Test func furtherValuesOfTheNamingAttribute() {
    let row = People.row(key, "ann")
    let entry = People.entry(row, adding: [Attribute("uid", ["ann", "anna"])])
    #expect(modifications(row, entry) == [Modification(.delete, "uid", ["anna"])])
  }

  @Test func tooLargeForTheServer() {
    let photo = AttributeValue(bytes: [UInt8](repeating: 7, count: 3_000_000))
    let rules = rules(mapping: "jpegPhoto")
    for current in [nil, People.entry(row([]), rules)] {
      let plan = People.planner(rules, Directory389()).plan([
        People.subject(key, row([photo]), current, rules: rules)
      ])
      #expect(plan.parked[key]?.reason == .tooLarge)
      #expect(plan.sequences == [])
      let other = People.planner(rules).plan([People.subject(key, row([photo]), current, rules: rules)])
      #expect(other.sequences.count == 1)
    }
  }

  @Test func aRejectedRowTouchesNothing() {
    var row = People.row(key, "ann")
    row.values[2] = []
    let plan = People.planner().plan([People.subject(key, row, People.entry(People.row(key, "bob")))])
    #expect(plan.parked[key]?.reason == .schema)
    #expect(plan.sequences == [])
  }

  @Test func allThatIsComparedIsAskedFor() {
    let planner = People.planner()
    #expect(
      planner.requestedAttributes == [
        "objectClass", "employeeNumber", "uid", "cn", "sn", "mail", "pwdAccountLockedTime", "entryUUID",
      ])
  }
}
