import RollcallCore
import Testing

@Suite struct BackoffTests {
  private let backoff = Backoff(base: .milliseconds(100), cap: .seconds(10), factor: 2, jitter: 0.5)

  @Test(arguments: [
    (0, 100), (1, 100), (2, 200), (3, 400), (7, 6400), (8, 10000), (9, 10000), (Int.max, 10000),
  ])
  func itGrowsToItsCap(attempt: Int, milliseconds: Int) {
    #expect(backoff.delay(attempt: attempt, random: 0) == .milliseconds(milliseconds))
  }

  @Test func chanceTakesAwayUpToItsShare() {
    #expect(backoff.delay(attempt: 1, random: 0.5) == .milliseconds(75))
    for attempt in 1..<20 {
      let longest = backoff.delay(attempt: attempt, random: 0)
      let shortest = backoff.delay(attempt: attempt, random: 0.999_999)
      #expect(shortest >= longest / 2 && shortest < longest)
    }
  }

  @Test func withoutGrowth() {
    let even = Backoff(base: .seconds(3), cap: .seconds(9), factor: 1, jitter: 0)
    #expect(even.delay(attempt: 1_000_000, random: 0.9) == .seconds(3))
    #expect(Backoff(base: .seconds(9), cap: .seconds(3)).delay(attempt: 1, random: 0) == .seconds(3))
  }
}
