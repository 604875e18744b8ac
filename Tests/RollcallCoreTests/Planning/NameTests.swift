import LDAPModel
import RollcallCore
import Testing

/// Names: renames, moves, exchanges.
@Suite struct NameTests {
  /// One line an operation: `rename ann bob`, `modify`, …
  private func lines(_ steps: [Step]) -> [String] {
    steps.map { step in
      let name = { (dn: DistinguishedName?) in dn?.first?.parts.first?.value.text ?? "?" }
      switch step.operation {
      case .rename(let dn, let new, _, _):
        return "\(step.key) rename \(name(dn)) \(new.parts[0].value.text ?? "?")"
      case .add(let dn, _): return "\(step.key) add \(name(dn))"
      case .modify(let dn, _): return "\(step.key) modify \(name(dn))"
      case .delete(let dn): return "\(step.key) delete \(name(dn))"
      }
    }
  }

  /// Plans for people whose names go from one to another; "" is no entry, or no row.
  private func plan(_ names: [(key: RosterKey, from: String, to: String)], mail: [String] = []) -> Plan {
    People.planner().plan(
      names.map { key, from, to in
        People.subject(
          key, to.isEmpty ? nil : People.row(key, to, mail: mail),
          from.isEmpty ? nil : People.entry(People.row(key, from)))
      })
  }

  private func temporary(_ key: RosterKey) -> String {
    TemporaryName(random: UInt64(key.text) ?? 0).value.text ?? ""
  }

  @Test func aRename() {
    let plan = plan([("1", "ann", "bob")])
    #expect(plan.sequences.map(\.steps).flatMap(lines) == ["1 rename ann bob"])
    let step = plan.sequences[0].steps[0]
    #expect(
      step.operation
        == .rename(
          People.dn("ann"), to: RelativeDistinguishedName("uid", "bob"), deleteOld: true, newParent: nil))
    #expect(step.oldDN == People.dn("ann"))
    #expect(step.newDN == People.dn("bob"))
    #expect(step.frees == [People.dn("ann").normalized(People.schema)])
    #expect(step.what == .rename)
  }

  /// The old name's value stays where it is wanted; where it is not, it goes with the rest.
  @Test func theNamingAttributeChanges() {
    var rules = People.rules
    rules.naming = "cn"
    let row = People.row("1", "ann", cn: "Ann Example")
    let entry = People.entry(row, rules)
    #expect(entry.dn == "cn=Ann Example,ou=users,dc=example,dc=com")
    let steps = { (row: RosterRow) in
      People.planner().plan([People.subject("1", row, entry)]).sequences.flatMap(\.steps).map(\.operation)
    }
    let renamed = Operation.rename(
      entry.dn, to: RelativeDistinguishedName("uid", "ann"), deleteOld: false, newParent: nil)
    #expect(steps(row) == [renamed])
    #expect(
      steps(People.row("1", "ann", cn: "Ann Other")) == [
        renamed,
        .modify(
          People.dn("ann"),
          [Modification(.delete, "cn", ["Ann Example"]), Modification(.add, "cn", ["Ann Other"])]),
      ])
  }

  /// A name of several values: those of other attributes stay until the mapping has its say.
  @Test func aNameOfSeveralValues() {
    let row = People.row("1", "bob")
    var entry = People.entry(People.row("1", "ann"))
    entry.dn = "uid=ann+cn=Ann Example,ou=users,dc=example,dc=com"
    let steps = People.planner().plan([People.subject("1", row, entry)]).sequences.flatMap(\.steps).map(\.operation)
    #expect(
      steps == [
        .rename(entry.dn, to: RelativeDistinguishedName("uid", "bob"), deleteOld: false, newParent: nil),
        .modify(People.dn("bob"), [Modification(.delete, "uid", ["ann"])]),
      ])
  }

  /// Of a single-valued attribute the old value must go before the new one comes.
  @Test func aNameOfSeveralValuesOfWhichOneIsSingle() {
    var rules = People.rules
    rules.naming = "displayName"
    rules.attributes.append("displayName")
    let row = { (name: AttributeValue) in
      var row = People.row("1", "ann")
      row.values.append([name])
      return row
    }
    var entry = People.entry(row("One"), rules)
    entry.dn = "displayName=One+cn=Ann Example,ou=users,dc=example,dc=com"
    let projection = Projection(rules: rules, schema: People.schema, dialect: OpenLDAP())
    let subject = Subject(key: "1", desired: projection.desired(for: row("Two")), current: entry)
    let steps = People.planner(rules).plan([subject]).sequences.flatMap(\.steps).map(\.operation)
    let between = RelativeDistinguishedName([
      .init(type: "displayName", value: "Two"), .init(type: "cn", value: "Ann Example"),
    ])
    let two = RelativeDistinguishedName("displayName", "Two")
    #expect(
      steps == [
        .rename(entry.dn, to: between, deleteOld: true, newParent: nil),
        .rename(People.base.child(between), to: two, deleteOld: false, newParent: nil),
      ])
    var after: Entry? = entry
    for step in steps { after = step.applied(to: after, People.schema) }
    #expect(after?["cn"] == ["Ann Example"] && after?["displayName"] == ["Two"])
  }

  /// The rest is compared with the entry as the rename leaves it, and goes to its new name.
  @Test func aRenameAndMore() {
    let plan = plan([("1", "ann", "bob")], mail: ["b@x"])
    #expect(
      plan.sequences[0].steps.map(\.operation) == [
        .rename(
          People.dn("ann"), to: RelativeDistinguishedName("uid", "bob"), deleteOld: true, newParent: nil),
        .modify(People.dn("bob"), [Modification(.add, "mail", ["b@x"])]),
      ])
  }

  @Test func onlyTheCase() {
    let plan = plan([("1", "ann", "Ann")])
    #expect(plan.sequences.map(\.steps).flatMap(lines) == ["1 rename ann Ann"])
    #expect(plan.sequences[0].steps[0].frees == [])
  }

  /// The server may spell a name in its own way; then what the attribute holds counts.
  @Test func theServersSpellingOfANameIsNoChange() {
    var entry = People.entry(People.row("1", "Ann"))
    entry.dn = "UID=ann, OU=Users, DC=example,DC=com"
    let plan = People.planner().plan([People.subject("1", People.row("1", "Ann"), entry)])
    #expect(plan.settled == ["1"])
  }

  /// Where the name is spelled as wanted and the attribute is not, a rename to the same name would change
  /// nothing.
  @Test func onlyTheAttributeIsSpelledOtherwise() {
    let entry = People.entry(People.row("1", "ann"), adding: [Attribute("uid", ["ANN"])])
    let plan = People.planner().plan([People.subject("1", People.row("1", "ann"), entry)])
    #expect(plan.sequences.map(\.steps).flatMap(lines) == ["1 modify ann"])
  }

  @Test func aMove() {
    var rules = People.rules
    rules.containers = ["ou"]
    var (old, new) = (People.row("1", "ann"), People.row("1", "ann"))
    old.values.append(["IT"])
    new.values.append(["R, D"])
    let entry = People.entry(old, rules)
    let plan = People.planner(rules).plan([People.subject("1", new, entry, rules: rules)])
    #expect(
      plan.sequences[0].steps.map(\.operation) == [
        .rename(
          entry.dn, to: RelativeDistinguishedName("uid", "ann"), deleteOld: true,
          newParent: #"ou=R\, D,ou=users,dc=example,dc=com"#)
      ])
    #expect(plan.sequences[0].steps[0].what == .move)
    new.values[4] = []
    let up = People.planner(rules).plan([People.subject("1", new, entry, rules: rules)])
    #expect(up.sequences[0].steps[0].newDN == People.dn("ann"))
  }

  /// A deleted old name must not take the link with it.
  @Test func aNameThatCarriesTheLink() throws {
    var entry = People.entry(People.row("1", "ann"))
    entry.dn = "uid=ann+employeeNumber=1,ou=users,dc=example,dc=com"
    let plan = People.planner().plan([People.subject("1", People.row("1", "bob"), entry)])
    guard case .rename(_, _, let deleteOld, _) = plan.sequences[0].steps[0].operation else {
      return #expect(Bool(false))
    }
    #expect(!deleteOld)
    #expect(
      plan.sequences[0].steps[1].operation
        == .modify(People.dn("bob"), [Modification(.delete, "uid", ["ann"])]))
  }

  @Test func aChainGoesFromItsFreeEnd() {
    let plan = plan([("1", "ann", "bob"), ("2", "bob", "eve"), ("3", "eve", "zoe")])
    #expect(
      plan.sequences.map { lines($0.steps) } == [
        ["3 rename eve zoe", "2 rename bob eve", "1 rename ann bob"]
      ])
    #expect(plan.sequences[0].steps.allSatisfy { $0.exchange == nil && $0.undo == nil })
  }

  @Test func aRemovalFreesAName() {
    let plan = plan([("1", "ann", "bob"), ("2", "bob", ""), ("3", "", "ann")])
    #expect(plan.sequences.map { lines($0.steps) } == [["2 delete bob", "1 rename ann bob", "3 add ann"]])
    #expect(plan.removals == [Removal(key: "2", action: .delete, dn: People.dn("bob"))])
  }

  @Test func aSwap() {
    let plan = plan([("2", "bob", "ann"), ("1", "ann", "bob")], mail: ["new@x"])
    #expect(
      plan.sequences.map { lines($0.steps) } == [
        [
          "1 rename ann \(temporary("1"))", "2 rename bob ann", "1 rename \(temporary("1")) bob",
          "1 modify bob",
          "2 modify ann",
        ]
      ])
    #expect(plan.sequences[0].steps.map(\.what) == [.temporaryRename, .rename, .rename, .update, .update])
    #expect(plan.sequences[0].keys == ["1", "2"])
  }

  @Test func aCircleOfThreeAndItsTail() {
    let plan = plan([("1", "a", "b"), ("2", "b", "c"), ("3", "c", "a"), ("4", "", "z"), ("5", "y", "x")])
    #expect(
      plan.sequences.map { lines($0.steps) } == [
        ["1 rename a \(temporary("1"))", "3 rename c a", "2 rename b c", "1 rename \(temporary("1")) b"],
        ["4 add z"],
        ["5 rename y x"],
      ])
  }

  /// A refused step of a half-done exchange: everybody gets the old name back, in reverse order.
  @Test func anExchangeIsTakenBack() throws {
    let plan = plan([("1", "a", "b"), ("2", "b", "c"), ("3", "c", "a")], mail: ["new@x"])
    let sequence = plan.sequences[0]
    for refused in 0..<4 {
      let entries = ["a", "b", "c"].enumerated().map {
        People.entry(People.row("\($0.offset + 1)", $0.element))
      }
      var directory = SimulatedDirectory(entries, People.schema)
      for step in sequence.steps[..<refused] { try directory.apply(step.operation) }
      for operation in sequence.undo(refusedAt: refused) { try directory.apply(operation) }
      #expect(
        zip(directory.all, entries).allSatisfy { $0.isEquivalent(to: $1, People.schema) }
          && directory.all.count == 3)
    }
    #expect(sequence.undo(refusedAt: 4) == [], "what follows the exchange leaves the names alone")
  }

  /// Names and places at once.
  @Test func anExchangeOfPlacesIsTakenBack() throws {
    var rules = People.rules
    rules.containers = ["ou"]
    let row = { (key: RosterKey, uid: String, place: AttributeValue) in
      var row = People.row(key, uid)
      row.values.append([place])
      return row
    }
    let entries = [People.entry(row("1", "a", "HR"), rules), People.entry(row("2", "b", "IT"), rules)]
    let wanted = [row("1", "b", "IT"), row("2", "a", "HR")]
    let sequence = People.planner(rules).plan(
      zip(wanted, entries).map { People.subject($0.key, $0, $1, rules: rules) }
    ).sequences[0]
    #expect(sequence.steps.map(\.what) == [.temporaryRename, .move, .move])
    for refused in sequence.steps.indices {
      var directory = SimulatedDirectory(entries, People.schema)
      for step in sequence.steps[..<refused] { try directory.apply(step.operation) }
      for operation in sequence.undo(refusedAt: refused) { try directory.apply(operation) }
      #expect(zip(directory.all, entries).allSatisfy { $0.isEquivalent(to: $1, People.schema) })
    }
  }

  /// Sequences run side by side, so no two may share a name; what shares none must not wait.
  @Test func independentPeopleAreIndependent() {
    let plan = plan(
      [("1", "a", "b"), ("2", "c", "d"), ("3", "e", ""), ("4", "", "f"), ("5", "g", "g")], mail: ["x@x"])
    #expect(plan.sequences.count == 5)
  }
}
