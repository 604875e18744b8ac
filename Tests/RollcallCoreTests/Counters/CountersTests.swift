import RollcallCore
import Testing

@Suite struct CountersTests {
  @Test("a histogram counts each observation once, in the first bucket whose bound holds it")
  func buckets() {
    var histogram = LagHistogram()
    for value in [-5, 0, 1000, 1001, 2000, 3_600_000_000, 3_600_000_001] { histogram.observe(microseconds: value) }
    #expect(histogram.count == 7)
    #expect(histogram.counts[0] == 3 && histogram.counts[1] == 2)
    #expect(histogram.counts[histogram.counts.count - 2] == 1 && histogram.counts.last == 1)
    #expect(histogram.sum == 1000 + 1001 + 2000 + 3_600_000_000 + 3_600_000_001)
    var sum = histogram
    sum.add(histogram)
    #expect(sum.since(histogram) == histogram)
  }

  @Test("the share's bound is that of the bucket in which it lies")
  func shares() {
    var histogram = LagHistogram()
    #expect(histogram.bound(of: 0.5) == nil)
    for _ in 0..<99 { histogram.observe(microseconds: 1500) }
    histogram.observe(microseconds: 40_000)
    #expect(histogram.bound(of: 0.5) == 2000)
    #expect(histogram.bound(of: 0.99) == 2000)
    #expect(histogram.bound(of: 1) == 50_000)
    histogram = LagHistogram()
    histogram.observe(microseconds: .max)
    #expect(histogram.bound(of: 0.5) == LagHistogram.bounds.last)
  }

  @Test("what is stored is read as it was, and names of another version are left")
  func stored() {
    var counters = Counters()
    #expect(counters.stored.isEmpty, "what is 0 is left out")
    counters.changes[.sweep]? += 3
    counters.missedNotifications = 2
    counters.drift[.source]? += 1
    counters.settled[.parked]? += 4
    counters.settled[.applied]? += 5
    counters.removals[.leave]? += 6
    counters.reconnects[.database]? += 7
    counters.note(.create, .done)
    counters.note(.removeDuplicate, .refused)
    counters.note(lag: 1500, .notification)
    counters.note(lag: 90_000_000, .reconcile)
    var stored = Dictionary(uniqueKeysWithValues: counters.stored.map { ($0.name, $0.value) })
    #expect(stored["operations.remove-twin.refused"] == 1 && stored["lag.notification.1"] == 1)
    stored["something.of.tomorrow"] = 9
    #expect(Counters(stored: stored) == counters)
    #expect(counters.totals.writes == 1 && counters.totals.settled == 9 && counters.totals.parked == 4)
    #expect(counters.totals.changes == 3 && counters.totals.lag.count == 2)
    let before = counters.totals
    counters.note(.update, .done)
    #expect(counters.totals.since(before).writes == 1 && counters.totals.since(before).settled == 0)
  }

  @Test("of the last answers the fastest tells the server's clock")
  func serverTime() throws {
    var time = ServerTime()
    #expect(time.at(0) == nil)
    time.note(asked: 0, said: 1_000_050, answered: 100)
    #expect(time.at(0) == 1_000_000)
    time.note(asked: 1000, said: 1_005_000, answered: 9000)
    #expect(time.at(10) == 1_000_010, "a slow answer tells less")
    for start in [20_000, 30_000, 40_000] { time.note(asked: start, said: start + 2_000_100, answered: start + 200) }
    #expect(time.at(10) == 2_000_010, "old ones are forgotten: clocks drift")
  }

  @Test("writes that a notification has brought are counted when the log tells their time")
  func heardWrites() {
    var writes = HeardWrites()
    writes.confirmed(7, at: 5000, .notification)
    writes.confirmed(8, at: 6000, .notification)
    writes.confirmed(7, at: 5500, .retry)
    var lags: [Int] = []
    writes.committed(7, at: 4000) { lag, _ in lags.append(lag) }
    #expect(lags.sorted() == [1000, 1500])
    writes.committed(7, at: 4000) { lag, _ in lags.append(lag) }
    #expect(lags.count == 2)
    writes.forget(before: 6001)
    #expect(writes.isEmpty)
    for number in 0..<2000 { writes.confirmed(UInt64(number), at: 0, .notification) }
    lags = []
    for number in 0..<2000 { writes.committed(UInt64(number), at: 0) { lag, _ in lags.append(lag) } }
    #expect(lags.count == 512, "bounded")
  }

  @Test("a change is missed when no notification names its transaction in time, while writers are to notify")
  func missedNotifications() {
    var check = NotificationCheck()
    check.logged(5, now: 0)
    #expect(check.takeMissed(before: 100) == 0, "nobody was to notify")
    check.begin(with: 10)
    check.begin(with: 20)
    check.logged(9, now: 0)
    #expect(check.takeMissed(before: 100) == 0, "it began before writers were to notify")
    check.heard(10)
    check.logged(10, now: 0)
    check.logged(11, now: 0)
    check.logged(11, now: 0)
    check.logged(12, now: 0)
    #expect(check.takeMissed(before: 0) == 0, "it may come yet")
    check.heard(12)
    #expect(check.takeMissed(before: 1) == 2)
    #expect(check.takeMissed(before: 1) == 0)
    check.logged(13, now: 0)
    check.end()
    #expect(check.takeMissed(before: 100) == 0)
    check.begin(with: 14)
    for transaction in 14..<3000 { check.heard(UInt64(transaction)) }
    check.logged(2999, now: 0)
    #expect(check.takeMissed(before: 100) == 0)
  }

  @Test("what remains of the budget is what a batch may have at most")
  func remainingBudget() {
    let policy = RemovalPolicy()
    for (managed, spent, disabled) in [(1000, 0, 0), (1000, 30, 10), (10, 0, 0), (3, 0, 0), (100, 60, 0), (0, 0, 0)] {
      let left = RemovalBudget.remaining(managed: managed, spent: spent, disabled: disabled, policy: policy)
      for (wanted, allowed) in [(left, true), (left + 1, false)] where wanted > 0 {
        let decision = RemovalBudget.decide(
          wanted: wanted, managed: managed, spent: spent, disabled: disabled, policy: policy)
        #expect((decision == .allowed) == allowed, "\(managed) \(spent) \(disabled): \(wanted)")
      }
    }
  }
}
