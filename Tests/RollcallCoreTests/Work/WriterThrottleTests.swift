import RollcallCore
import Testing

@Suite struct WriterThrottleTests {
  @Test func aStormIsHeavyFromOneRateOnAndUntilALowerOne() {
    var writerThrottle = WriterThrottle()
    writerThrottle.note(149, in: .milliseconds(100))
    #expect(!writerThrottle.isHeavy)
    writerThrottle.note(150, in: .milliseconds(100))
    #expect(writerThrottle.isHeavy)
    writerThrottle.note(100, in: .milliseconds(200))
    #expect(writerThrottle.isHeavy)
    writerThrottle.note(99, in: .milliseconds(200))
    #expect(!writerThrottle.isHeavy)
  }

  @Test func theEndOfTheStormEndsIt() {
    var writerThrottle = WriterThrottle()
    writerThrottle.note(1000, in: .milliseconds(100))
    writerThrottle.stormIsOver()
    #expect(!writerThrottle.isHeavy)
  }

  @Test func itWaitsForWritersButNotForEver() {
    var writerThrottle = WriterThrottle()
    #expect(!writerThrottle.givesWay(behind: nil))
    writerThrottle.note(1000, in: .milliseconds(100))
    #expect(writerThrottle.givesWay(behind: nil))
    #expect(writerThrottle.givesWay(behind: .milliseconds(9999)))
    #expect(!writerThrottle.givesWay(behind: .seconds(10)))
  }

  @Test func aRestIsLongerThanThePassAndBounded() {
    #expect(WriterThrottle.rest(after: .milliseconds(20)) == .milliseconds(160))
    #expect(WriterThrottle.rest(after: .seconds(3)) == .seconds(1))
  }
}
