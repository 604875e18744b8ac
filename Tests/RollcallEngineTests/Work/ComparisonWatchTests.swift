import LDAPModel
import Reactor
import RollcallCore
import Testing

@testable import RollcallEngine

/// Removals that something else notices while everybody is compared.
@Suite struct ComparisonWatchTests {
  /// A comparison that has met `old`, has met and compared `done`, and has not met `ahead`.
  @Reactor
  private func reading(isOfTheLog: Bool = false) -> ComparisonWatch.Reading {
    let seen = SeenLinks(.caseIgnore)
    seen.beginPage()
    _ = seen.insert("done")
    seen.pageIsDone()
    seen.beginPage()
    _ = seen.insert("met")
    return ComparisonWatch.Reading(removalBatch: 7, seen: seen, isOfTheLog: isOfTheLog)
  }

  @Test func theFirstOneTakesAllThatItHasNotLookedAt() async throws {
    try await Reactor.run {
      var watch = ComparisonWatch()
      watch.expect(.firstComparison)
      for isLogged in [true, false] {
        #expect(watch.ruling(on: "ahead", isLogged: isLogged) == .waits, "it has not begun")
      }
      watch.begin(self.reading())
      for isLogged in [true, false] {
        #expect(watch.ruling(on: "ahead", isLogged: isLogged) == .joins(7))
        #expect(watch.ruling(on: "met", isLogged: isLogged) == .joins(7), "its page is not compared")
        #expect(watch.ruling(on: "done", isLogged: isLogged) == .passes)
      }
      watch.end(completely: false)
      #expect(watch.ruling(on: "done", isLogged: true) == .waits, "all of it begins again")
      watch.begin(self.reading())
      watch.end(completely: true)
      #expect(watch.ruling(on: "ahead", isLogged: true) == .passes, "whoever came after it has passed")
      watch.expect(nil)
      watch.expect(.changedMapping)
      #expect(watch.ruling(on: "done", isLogged: true) == .waits)
    }
  }

  @Test func nobodyWhoLeavesWaitsForAnOrdinaryOne() async throws {
    try await Reactor.run {
      var watch = ComparisonWatch()
      #expect(watch.ruling(on: "ahead", isLogged: false) == .passes)
      watch.begin(self.reading())
      #expect(watch.ruling(on: "ahead", isLogged: true) == .passes)
      #expect(watch.ruling(on: "ahead", isLogged: false) == .joins(7))
      #expect(watch.ruling(on: "done", isLogged: false) == .passes)
    }
  }

  @Test func afterATruncateEverybodyWaits() async throws {
    try await Reactor.run {
      var watch = ComparisonWatch()
      watch.begin(self.reading())
      watch.isAwaited = true
      #expect(watch.ruling(on: "done", isLogged: true) == .waits, "it was compared before")
      watch.end(completely: true)
      watch.isAwaited = false
      watch.begin(self.reading(isOfTheLog: true))
      #expect(watch.ruling(on: "ahead", isLogged: true) == .joins(7))
    }
  }

  @Test func entriesThatComeAndGoWhileTheDirectoryIsReadAreCountedOnce() async throws {
    try await Reactor.run {
      var watch = ComparisonWatch()
      #expect(watch.countEntries() == nil)
      @Reactor func note(_ what: Step.What, _ key: RosterKey) {
        watch.note(Step(key: key, operation: .delete(DistinguishedName(unchecked: "uid=\(key)")), what: what))
      }
      let reading = self.reading()
      watch.begin(reading)
      // Seen later, seen never, seen and gone, made and gone again, gone before it would have been seen.
      note(.create, "ahead")
      note(.create, "behind")
      note(.delete, "done")
      note(.create, "short")
      note(.delete, "short")
      note(.delete, "unseen")
      _ = reading.seen.insert("ahead")
      #expect(watch.countEntries() == 3, "met, ahead, behind")
    }
  }
}
