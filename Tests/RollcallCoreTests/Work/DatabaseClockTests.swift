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
}
