import LDAPModel
import RollcallCore
import Testing

/// Names that entries have while names are exchanged.
@Suite struct TemporaryNameTests {
  /// The renames among steps, as `rename ann bob`.
  private func lines(_ steps: [Step]) -> [String] {
    steps.compactMap { step in
      guard case .rename(let dn, let new, _, _) = step.operation else { return nil }
      let old = dn.first?.parts.first?.value.text ?? "?"
      return "\(step.key) rename \(old) \(new.parts[0].value.text ?? "?")"
    }
  }

  private func temporary(_ key: RosterKey) -> String {
    TemporaryName(random: UInt64(key.text) ?? 0).value.text ?? ""
  }

  @Test func anEntryAtItsTemporaryName() {
    var entry = People.entry(People.row("1", "ann"))
    entry.dn = People.dn(temporary("1"))
    entry["uid"] = [TemporaryName(random: 1).value]
    let plan = People.planner().plan([People.subject("1", People.row("1", "ann"), entry)])
    #expect(plan.sequences.map { lines($0.steps) } == [["1 rename \(temporary("1")) ann"]])
  }

  @Test func temporaryNamesDiffer() {
    let names = (0..<1000).compactMap { _ in TemporaryName.random().value.text }
    #expect(Set(names).count == 1000)
    #expect(names.allSatisfy { $0.count == 25 && $0.hasPrefix("rollcall-") })
    #expect(TemporaryName(random: 0xABC).value == "rollcall-0000000000000abc")
    #expect(TemporaryName(random: .max).short.bytes.count == 19)
  }

  /// Nobody can know beforehand under which name an entry will go out of the way.
  @Test func eachExchangeHasAnotherTemporaryName() {
    let planner = Planner(rules: People.rules, schema: People.schema, dialect: OpenLDAP())
    let subjects = [("1", "ann", "bob"), ("2", "bob", "ann")].map { key, old, new in
      People.subject(key, People.row(key, new), People.entry(People.row(key, old)))
    }
    let names = (0..<2).map { _ in planner.plan(subjects).sequences[0].steps[0].newDN?.text }
    #expect(names[0] != names[1])
    #expect(names.allSatisfy { $0?.hasPrefix("uid=rollcall-") == true })
  }

  /// An exchange was cut short, and the row does not want a name any more: the entry gets its old one back.
  @Test(arguments: [RemovedPolicy.keep, .disable])
  func whoseRowHasGoneGetsTheOldNameBack(_ removed: RemovedPolicy) {
    var rules = People.rules
    rules.removed = removed
    var entry = People.entry(People.row("1", "ann"))
    entry.dn = People.dn(temporary("1"))
    entry["uid"] = [TemporaryName(random: 1).value]
    var subject = People.subject("1", nil, entry, rules: rules)
    let planner = People.planner(rules)
    #expect(planner.plan([subject]).sequences.flatMap(\.steps).allSatisfy { $0.what == .disable })
    subject.formerName = People.dn("ann")
    let steps = planner.plan([subject]).sequences.flatMap(\.steps)
    #expect(lines(steps.filter { $0.what != .disable }) == ["1 rename \(temporary("1")) ann"])
    #expect(planner.claims(of: [subject]) == [.name(People.dn("ann"))])
    // Also where its disabling waits for a person.
    subject.removalHeld = true
    #expect(lines(planner.plan([subject]).sequences.flatMap(\.steps)) == ["1 rename \(temporary("1")) ann"])
  }
}
