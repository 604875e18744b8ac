import RollcallCore
import Testing

/// How often servers that never agree have everybody compared.
@Suite struct ComparisonPaceTests {
  @Test func theFirstIsAtOnceAndTheNextOnesWaitLongerAndLonger() {
    var pace = ComparisonPace()
    var now = ContinuousClock.now
    var delays: [Duration] = []
    for _ in 0..<20 {
      let delay = pace.delay(now, most: .seconds(86400), random: 0)
      delays.append(delay)
      // It comes back as soon as it was done.
      now += delay + .seconds(1)
    }
    #expect(delays[0] == .zero)
    #expect(delays[1] > .seconds(50) && delays[2] > delays[1] && delays[5] > delays[4])
    #expect(delays.last ?? .zero > .seconds(80000) && delays.allSatisfy { $0 <= .seconds(86400) })
  }

  @Test func afterALongQuietItIsAtOnceAgain() {
    var pace = ComparisonPace()
    let now = ContinuousClock.now
    _ = pace.delay(now, most: .seconds(86400), random: 0)
    #expect(pace.delay(now + .seconds(10), most: .seconds(86400), random: 0) > .zero)
    #expect(pace.delay(now + .seconds(86400), most: .seconds(86400), random: 0) == .zero)
  }
}
