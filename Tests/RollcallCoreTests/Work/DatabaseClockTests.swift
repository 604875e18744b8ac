import RollcallCore
import Testing

/// A clock by which people leave is watched: it may run, and not jump.
@Suite struct DatabaseClockTests {
  @Test func aClockThatRunsDoesNotJump() {
    var clock = DatabaseClock()
    #expect(clock.read(database: 1000, own: 5) == nil)
    #expect(clock.read(database: 1010, own: 15) == nil)
    // A statement that waited, a clock that is adjusted slowly.
    #expect(clock.read(database: 1050, own: 20) == nil)
    #expect(clock.read(database: 1040, own: 60) == nil)
  }

  @Test func itIsSeenToJump() {
    var clock = DatabaseClock()
    _ = clock.read(database: 1000, own: 0)
    #expect(clock.read(database: 4601, own: 1) == 3600)
    // Once: from then on it is right.
    #expect(clock.read(database: 4611, own: 11) == nil)
    #expect(clock.read(database: 1021, own: 21) == -3600)
  }

  @Test func aStartKnowsHowFarTheLastProcessHasLooked() {
    var clock = DatabaseClock()
    #expect(clock.begin(database: 1000, own: 0, looked: 900, wall: 1000) == nil)
    #expect(clock.begin(database: 1000, own: 0, looked: 1030, wall: 1000) == nil, "within the tolerance")
    #expect(clock.begin(database: 1000, own: 0, looked: 4600, wall: 1000) == -3600)
    #expect(clock.begin(database: 4600, own: 0, looked: 900, wall: 1000) == 3600, "the machine's clock disagrees")
    #expect(clock.begin(database: 1000, own: 0, looked: nil, wall: 1200) == nil)
  }

  /// Nothing is deleted for its age by a clock that may be ahead.
  @Test func aClockThatWasSetAheadHasToRunForADay() {
    let day = DatabaseClock.confirmation
    var clock = DatabaseClock()
    #expect(clock.begin(database: 1000, own: 0, looked: nil, wall: 1000, unseen: 3600) == nil)
    #expect(!clock.isDoubtful(own: 0))
    _ = clock.read(database: 1_001_000, own: 0)
    #expect(clock.isDoubtful(own: 1) && clock.isDoubtful(own: day - 1))
    #expect(!clock.isDoubtful(own: day))
    // It is set right.
    _ = clock.read(database: 1001, own: 1)
    #expect(!clock.isDoubtful(own: 1))
    // In two steps, of which one is taken back.
    _ = clock.read(database: 2001, own: 1)
    _ = clock.read(database: 3001, own: 1)
    _ = clock.read(database: 2001, own: 1)
    #expect(clock.isDoubtful(own: 2))
    _ = clock.read(database: 1001, own: 1)
    #expect(!clock.isDoubtful(own: 2))
  }

  @Test func aStartKnowsThatTheClockMayBeAhead() {
    var clock = DatabaseClock()
    _ = clock.begin(database: 4600, own: 0, looked: 900, wall: 1000)
    #expect(clock.isDoubtful(own: 1), "the machine's clock disagrees")
    clock = DatabaseClock()
    _ = clock.begin(database: 1000, own: 0, looked: 900, wall: 4600)
    #expect(!clock.isDoubtful(own: 1), "it is behind")
    clock = DatabaseClock()
    #expect(clock.begin(database: 1000, own: 0, looked: nil, wall: 1000, unseen: -3600) == -3600, "it was set back")
    #expect(!clock.isDoubtful(own: 1))
    clock = DatabaseClock()
    _ = clock.begin(database: 1_000_000, own: 0, looked: nil, wall: 1_000_000, unseen: 999_000)
    #expect(clock.isDoubtful(own: 1), "nobody has looked for eleven days, or both clocks were set")
    // A connection that is made anew does not make it right.
    _ = clock.begin(database: 1_000_010, own: 10, looked: nil, wall: 1_000_010, unseen: 5)
    #expect(clock.isDoubtful(own: 11))
  }
}
