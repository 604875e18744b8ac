import RollcallPages
import Testing

@Suite("The rate of pages") struct PageAllowanceTests {
  private let start = ContinuousClock.now

  @Test("After a pause a burst is answered at once, and then one page an interval")
  func burst() {
    var allowance = PageAllowance(at: start)
    let waits = (0..<PageAllowance.burst + 3).map { _ in allowance.take(at: start) }
    #expect(waits.prefix(PageAllowance.burst).allSatisfy { $0 == .zero })
    #expect(waits.suffix(3) == [1, 2, 3].map { PageAllowance.interval * $0 })
  }

  @Test("A thousand requests a second get twenty pages a second, and none waits longer than two seconds")
  func flood() {
    var allowance = PageAllowance(at: start)
    let waits = (0..<60_000).map { allowance.take(at: start + .milliseconds($0)) }
    let taken = waits.compactMap(\.self)
    // A minute of pages, the burst, and those that wait at the end.
    #expect(abs(taken.count - (1200 + PageAllowance.burst + 40)) <= 2, "\(taken.count)")
    #expect(taken.max()! <= PageAllowance.longestWait)
  }

  @Test("The burst comes back while nobody asks, and does not add up")
  func recovery() {
    var allowance = PageAllowance(at: start)
    while allowance.take(at: start) != nil {}
    let later = start + .seconds(60)
    let waits = (0..<PageAllowance.burst + 1).map { _ in allowance.take(at: later) }
    #expect(waits.dropLast().allSatisfy { $0 == .zero })
    #expect(waits.last == PageAllowance.interval)
  }

  @Test("A browser that asks every 60 ms never waits")
  func browser() {
    var allowance = PageAllowance(at: start)
    for page in 0..<1000 { #expect(allowance.take(at: start + .milliseconds(60 * page)) == .zero) }
  }
}
