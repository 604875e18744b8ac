internal import Postgres
internal import Reactor
internal import RollcallConfiguration
internal import RollcallCore
internal import RollcallLedger

/// Dates that take effect, and the clock by which they do.
extension Engine {
  func wireDue() {
    due.onJump = { [weak self] seconds in self?.clockJumped(seconds) }
    removalGuard.clockHasJumped = { [weak self] () throws(EngineError) in
      guard let self else { return false }
      try await due.clock.read()
      return clockHasJumped
    }
    due.onEveryone = { [weak self] in self?.requestReconcile() }
    due.onProblem = { [weak self] message in
      self?.noteMapping(
        "source.due", message.map { "rows whose dates pass are not noticed: \($0)" },
        fix: "correct source.due, or the row whose date cannot be read; rollcall check names the expression")
    }
  }

  /// Has everybody compared, and holds every removal until that is done, if anything happens at its time.
  private func clockJumped(_ seconds: Double) {
    let text = seconds < 0 ? "back by \(Int(-seconds)) s" : "ahead by \(Int(seconds)) s"
    let consequence =
      due.isActive
      ? "every removal is held until everybody is compared" : "the budget still counts the removals before that"
    events.emit(
      .warning(
        "the database's clock has jumped \(text); \(consequence)", place: nil,
        fix: "look at the clock of the database's machine, then at rollcall status"))
    guard due.isActive else { return }
    clockHasJumped = true
    // One that is under way has read rows by another time.
    reconciles.sawJump = false
    removalGuard.comparison.expectAnother(.clockJumped)
    requestReconcile()
  }

  /// Checks that PostgreSQL knows the time zone: with an unknown one no session of the mapping could be opened.
  func requireTimezone() async throws(EngineError) {
    if let finding = try await TimezoneInspection(sessions.database, configuration).finding() {
      throw .refused(Finding.text([finding]))
    }
  }
}
