import RollcallPages
import Testing

@Suite("The rate of answers") struct RequestAllowanceTests {
  private let start = ContinuousClock.now

  @Test("After a pause a burst is answered at once, and then one page an interval")
  func burst() {
    var allowance = RequestAllowance.pages(at: start)
    let waits = (0..<allowance.burst + 3).map { _ in allowance.take(at: start) }
    #expect(waits.prefix(allowance.burst).allSatisfy { $0 == .zero })
    #expect(waits.suffix(3) == [1, 2, 3].map { allowance.interval * $0 })
  }

  @Test("A thousand requests a second get twenty pages a second, and none waits longer than two seconds")
  func flood() {
    var allowance = RequestAllowance.pages(at: start)
    let waits = (0..<60_000).map { allowance.take(at: start + .milliseconds($0)) }
    let taken = waits.compactMap(\.self)
    // A minute of pages, the burst, and those that wait at the end.
    #expect(abs(taken.count - (1200 + allowance.burst + 40)) <= 2, "\(taken.count)")
    #expect(taken.max()! <= RequestAllowance.longestWait)
  }

  @Test("The burst comes back while nobody asks, and does not add up")
  func recovery() {
    var allowance = RequestAllowance.pages(at: start)
    while allowance.take(at: start) != nil {}
    let later = start + .seconds(60)
    let waits = (0..<allowance.burst + 1).map { _ in allowance.take(at: later) }
    #expect(waits.dropLast().allSatisfy { $0 == .zero })
    #expect(waits.last == allowance.interval)
  }

  @Test("A browser that asks every 60 ms never waits")
  func browser() {
    var allowance = RequestAllowance.pages(at: start)
    for page in 0..<1000 { #expect(allowance.take(at: start + .milliseconds(60 * page)) == .zero) }
  }
}
