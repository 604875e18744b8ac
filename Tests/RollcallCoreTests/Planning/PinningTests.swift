import LDAPModel
import RollcallCore
import Testing

/// Nothing is planned for a pinned key, and nobody gets what it has.
@Suite struct PinningTests {
  private func subject(_ key: RosterKey, from: String?, to: String?, isPinned: Bool = false) -> Subject {
    var subject = People.subject(key, to.map { People.row(key, $0) }, from.map { People.entry(People.row(key, $0)) })
    subject.isPinned = isPinned
    return subject
  }

  private func name(_ uid: String) -> String { People.dn(uid).normalized(People.schema) }

  /// Everything that a row can want of an entry.
  private static let wishes: [(name: String, from: String?, row: RosterRow?)] = [
    ("create", nil, People.row("1", "ann")),
    ("update", "ann", People.row("1", "ann", cn: "Other")),
    ("rename", "ann", People.row("1", "anna")),
    ("disable", "ann", People.row("1", "ann", active: false)),
    ("delete", "ann", nil),
  ]

  @Test(arguments: 0..<5) func nothingIsPlanned(index: Int) {
    let wish = PinningTests.wishes[index]
    var subject = People.subject("1", wish.row, wish.from.map { People.entry(People.row("1", $0)) })
    #expect(!People.planner().plan([subject]).sequences.isEmpty)
    subject.isPinned = true
    let plan = People.planner().plan([subject])
    #expect(plan.sequences.isEmpty && plan.removals.isEmpty && plan.parked.isEmpty && plan.settled.isEmpty)
    #expect(plan.pinned == ["1": true])
    let removal: [Removal.Action] = wish.name == "delete" ? [.delete] : wish.name == "disable" ? [.disable] : []
    #expect(plan.pinnedRemovals.map(\.action) == removal)
  }

  @Test func whoIsInStepIsPinnedToo() {
    let plan = People.planner().plan([subject("1", from: "ann", to: "ann", isPinned: true)])
    #expect(plan.pinned == ["1": false] && plan.settled.isEmpty)
  }

  /// A record that Rollcall disabled the entry stays, although nothing is done.
  @Test func theRecordOfADisableStays() {
    var pinned = People.subject("1", People.row("1", "ann"), nil, disabledByUs: true)
    #expect(!People.planner().plan([pinned]).sequences.isEmpty)
    pinned.isPinned = true
    #expect(People.planner().plan([pinned]).staleDisables.isEmpty)
  }

  @Test func aRowThatFailsIsNoMatterWhilePinned() {
    var pinned = subject("1", from: "ann", to: "ann", isPinned: true)
    pinned.desired = .rejected(Problem(.mapping, "person 1: …"))
    let plan = People.planner().plan([pinned])
    #expect(plan.parked.isEmpty && plan.pinned == ["1": true])
  }

  @Test func anEntryAtATemporaryNameStaysThere() {
    var pinned = subject("1", from: "rollcall-0000000000000001", to: nil, isPinned: true)
    pinned.desired = .rejected(Problem(.mapping, "person 1: …"))
    pinned.formerName = People.dn("ann")
    #expect(People.planner().plan([pinned]).sequences.isEmpty)
  }

  @Test func whoWantsTheNameOfOneIsParkedForThat() throws {
    let plan = People.planner().plan([
      subject("1", from: "ann", to: "bob", isPinned: true), subject("2", from: nil, to: "ann"),
    ])
    let problem = try #require(plan.parked["2"])
    #expect(problem.reason == .pinned && problem.awaitedPin == "1")
    #expect(problem.message == "person 2 wants \(name("ann")), which person 1 (\(People.dn("ann"))) has, who is pinned")
    #expect(plan.sequences.isEmpty)
  }

  @Test func aChainBehindOneWaits() {
    let plan = People.planner().plan([
      subject("1", from: "a", to: "b", isPinned: true), subject("2", from: "c", to: "a"),
      subject("3", from: "d", to: "c"),
      subject("4", from: nil, to: "d"), subject("5", from: "e", to: "f"),
    ])
    #expect(Set(plan.parked.keys) == ["2", "3", "4"])
    #expect(plan.parked.values.allSatisfy { $0.reason == .pinned && $0.blocks == "1" })
    #expect(plan.parked["4"]?.message.contains("who waits for person 1, who is pinned") == true)
    #expect(plan.sequences.flatMap(\.keys) == ["5"])
  }

  @Test func aCircleWithOneWaits() {
    let all = ["a", "b", "c"]
    for pinned in 0..<3 {
      let plan = People.planner().plan(
        (0..<3).map { subject("\($0)", from: all[$0], to: all[($0 + 1) % 3], isPinned: $0 == pinned) })
      #expect(plan.sequences.isEmpty)
      #expect(plan.parked.count == 2 && plan.parked.values.allSatisfy { $0.awaitedPin == "\(pinned)" })
    }
  }

  /// Nobody stays logged in because another is pinned.
  @Test func whoIsParkedForOneIsDisabledAllTheSame() throws {
    var rules = People.rules
    rules.disable = [Attribute("loginShell", ["/bin/false"])]
    let leaver = People.subject(
      "2", People.row("2", "ann", active: false), People.entry(People.row("2", "bob")), rules: rules)
    let plan = People.planner(rules).plan([subject("1", from: "ann", to: "x", isPinned: true), leaver])
    #expect(plan.parked["2"]?.reason == .pinned)
    #expect(plan.sequences.flatMap(\.steps).map(\.what) == [.disable])
    #expect(plan.removals.map(\.key) == ["2"])
  }
}
