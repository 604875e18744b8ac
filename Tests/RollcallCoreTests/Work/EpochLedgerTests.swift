import RollcallCore
import Testing

/// How far the watermark may move.
@Suite struct EpochLedgerTests {
  @Test func epochsSettleInOrder() {
    var epochs = EpochLedger()
    epochs.enter(epochs.current)
    let first = epochs.close()
    epochs.enter(epochs.current)
    let second = epochs.close()
    #expect(epochs.settled() == nil)
    epochs.leave(second)
    #expect(epochs.settled() == nil, "the first is still open")
    epochs.leave(first)
    #expect(epochs.settled() == second)
    #expect(epochs.settled() == nil)
  }

  @Test func theOpenEpochNeverSettles() {
    var epochs = EpochLedger()
    #expect(epochs.settled() == nil)
    let closed = epochs.close()
    #expect(epochs.settled() == closed && epochs.current == closed + 1)
  }

  @Test func aHoldKeepsAllLaterOnesOpen() {
    var epochs = EpochLedger()
    _ = epochs.close()
    _ = epochs.settled()
    let hold = epochs.hold()
    let last = epochs.close()
    #expect(epochs.settled() == nil)
    epochs.leave(hold)
    #expect(epochs.settled() == last)
  }

  @Test func whatIsLeftOfAnEpochAndThoseBeforeItIsCounted() {
    var epochs = EpochLedger()
    epochs.enter(epochs.current)
    let first = epochs.close()
    epochs.enter(epochs.current)
    epochs.enter(epochs.current)
    let second = epochs.close()
    epochs.enter(epochs.current)
    #expect([first - 1, first, second, second + 1, second + 9].map { epochs.unsettled(upTo: $0) } == [0, 1, 3, 4, 4])
    epochs.leave(first)
    _ = epochs.settled()
    #expect([first, second].map { epochs.unsettled(upTo: $0) } == [0, 2])
  }

  @Test func whatComesForASettledEpochHoldsTheOldestThatIsNot() {
    var epochs = EpochLedger()
    let old = epochs.close()
    _ = epochs.settled()
    epochs.enter(old)
    let next = epochs.close()
    #expect(epochs.settled() == nil)
    epochs.leave(old)
    #expect(epochs.settled() == next)
  }
}
