import RollcallCore
import Testing

@Suite struct CourtesyTests {
  @Test func aStormIsHeavyFromOneRateOnAndUntilALowerOne() {
    var courtesy = Courtesy()
    courtesy.note(149, in: .milliseconds(100))
    #expect(!courtesy.isHeavy)
    courtesy.note(150, in: .milliseconds(100))
    #expect(courtesy.isHeavy)
    courtesy.note(100, in: .milliseconds(200))
    #expect(courtesy.isHeavy)
    courtesy.note(99, in: .milliseconds(200))
    #expect(!courtesy.isHeavy)
  }

  @Test func theEndOfTheStormEndsIt() {
    var courtesy = Courtesy()
    courtesy.note(1000, in: .milliseconds(100))
    courtesy.stormIsOver()
    #expect(!courtesy.isHeavy)
  }

  @Test func itWaitsForWritersButNotForEver() {
    var courtesy = Courtesy()
    #expect(!courtesy.givesWay(behind: nil))
    courtesy.note(1000, in: .milliseconds(100))
    #expect(courtesy.givesWay(behind: nil))
    #expect(courtesy.givesWay(behind: .milliseconds(9999)))
    #expect(!courtesy.givesWay(behind: .seconds(10)))
  }

  @Test func aRestIsLongerThanThePassAndBounded() {
    #expect(Courtesy.rest(after: .milliseconds(20)) == .milliseconds(160))
    #expect(Courtesy.rest(after: .seconds(3)) == .seconds(1))
  }
}
