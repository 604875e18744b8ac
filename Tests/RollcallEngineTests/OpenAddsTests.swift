import RollcallCore
import Testing

@testable import RollcallEngine
@testable import RollcallLedger

@Suite struct OpenAddsTests {
  private let start = ContinuousClock.now
  private let ann = MadeEntry(key: "1", name: "uid=ann")
  private let ben = MadeEntry(key: "2", name: "uid=ben")

  @Test func aRowIsDoneWithItsLastAdd() {
    var adds = OpenAdds()
    adds.begin(7, [ann, ben], at: start)
    #expect(adds.names(of: "1") == ["uid=ann"])
    #expect(adds.end([.init(key: "1", row: 7)]) == [])
    #expect(adds.end([.init(key: "1", row: 7)]) == [], "once is enough")
    #expect(adds.names(of: "1") == [])
    #expect(adds.end([.init(key: "2", row: 7)]) == [7])
    #expect(adds.keys == [])
  }

  @Test("an add whose answer was lost outlives the next one of the same person") func twoAddsOfOnePerson() {
    var adds = OpenAdds()
    adds.begin(7, [ann], at: start)
    adds.begin(8, [MadeEntry(key: "1", name: "uid=anna")], at: start)
    #expect(adds.end([.init(key: "1", row: 8)]) == [8])
    #expect(adds.names(of: "1") == ["uid=ann"])
  }

  @Test("a deadline counts from the last connection, and what only the ledger has lost stays") func reopened() {
    var adds = OpenAdds()
    adds.begin(7, [ann], at: start)
    adds.begin(8, [ben], at: start)
    let later = start + .seconds(5)
    adds.reopen([7: [ann], 9: [MadeEntry(key: "3", name: "uid=cid")]], at: later)
    #expect(adds.expired(["1", "2", "3"], before: later) == [])
    #expect(Set(adds.expired(["1", "2", "3"], before: later + .seconds(1)).map(\.row)) == [7, 8, 9])
  }

  @Test("a row's number that a database which lost commits gives twice") func aNumberThatComesTwice() {
    var adds = OpenAdds()
    adds.begin(7, [ann], at: start)
    adds.begin(7, [ben], at: start)
    #expect(adds.names(of: "2") == ["uid=ben"])
    #expect(adds.end([.init(key: "2", row: 7)]) == [])
    #expect(adds.end([.init(key: "1", row: 7)]) == [7])
  }
}
