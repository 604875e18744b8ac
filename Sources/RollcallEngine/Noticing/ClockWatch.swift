internal import FoundationEssentials
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// Reads the database's clock, by which dates take effect and removals are counted, and notices that it was set.
@Reactor
final class ClockWatch {
  private let ledger: Ledger
  private var clock = DatabaseClock()
  /// How often it has jumped.
  private(set) var jumps = 0
  /// By how many seconds the times of earlier removals are still to be moved with it.
  private var unmoved = 0.0
  private(set) var hasBegun = false
  /// Called with the time after a jump by so many seconds.
  var onJump: (@Reactor (_ now: String, _ seconds: Double) -> Void)?

  init(_ ledger: Ledger) { self.ledger = ledger }

  /// Seconds of a clock that only runs forward.
  private static var own: Double { (ContinuousClock.now - beginning) / .seconds(1) }
  private static let beginning = ContinuousClock.now

  /// Whether it may have been set ahead by mistake: nothing is deleted then because it is old.
  var isDoubtful: Bool { clock.isDoubtful(own: ClockWatch.own) }

  /// Takes the first reading.
  ///
  /// - Parameters:
  ///   - looked: the instant up to which the last process has looked for dates; nil if there was none.
  ///   - unseen: for how many seconds nobody has looked at the log, by the database's clock; nil if nobody ever has.
  /// - Returns: the time, and by how many seconds the clock has jumped since.
  func begin(
    looked: Double?, unseen: Double?
  ) async throws(EngineError) -> (now: (text: String, seconds: Double), jump: Double?) {
    let now = try await ledger.clock()
    let wall = Date.now.timeIntervalSince1970
    let jump = clock.begin(database: now.seconds, own: ClockWatch.own, looked: looked, wall: wall, unseen: unseen)
    unmoved = jump ?? unmoved
    hasBegun = true
    try await moveRemovals()
    return (now, jump)
  }

  /// The time: as text that is exact, and in seconds since 1970.
  @discardableResult
  func read() async throws(EngineError) -> (text: String, seconds: Double) {
    let now = try await ledger.clock()
    if let jump = clock.read(database: now.seconds, own: ClockWatch.own) {
      jumps += 1
      unmoved += jump
      onJump?(now.text, jump)
    }
    try await moveRemovals()
    return now
  }

  /// Moves the times of earlier removals with the clock: otherwise the budget would forget them, and allow as many again.
  private func moveRemovals() async throws(EngineError) {
    let seconds = unmoved
    if seconds == 0 { return }
    unmoved = 0
    do throws(EngineError) { try await ledger.moveRemovals(by: seconds) } catch {
      unmoved += seconds
      throw error
    }
  }
}
