/// The known progress of the directory's servers, and what to do when another server answers.
///
/// The reasoning, for a clock C that was read where writes were confirmed: a server that is not behind C has all
/// writes that C counts. C counts a write that was confirmed before C was requested, once the server has ended the
/// operations of others that began before it; so only the second clock after a chunk of keys covers it. Each new
/// connection checks the keys that no clock covers and the last covered ones: if any is missing, others may be too. A
/// clock that does not advance with a confirmed write is ignored.
///
/// Pure policy: no clock of its own, no I/O.
public struct ServerMemory: Sendable {
  /// The check that a new connection requires.
  public enum Finding: Sendable, Equatable {
    /// Only the last confirmed keys are checked again.
    case lookAgain
    /// The server is behind the confirmed writes.
    case behind
    /// More writes were confirmed before a clock covered them than can be remembered.
    case tooMany
    /// It was behind; the missing writes may have arrived since and overwritten newer ones.
    case caughtUp
  }

  public var keys = ConfirmedKeys()
  /// The clock that counts all confirmed writes except those of `keys`; nil if there is none.
  public private(set) var confirmed: ServerClock?
  /// Writes of another server that this one lacked: when they arrive they may undo later writes.
  public private(set) var owed: ServerClock?
  /// Whether a full comparison is needed, or may be, before `confirmed` may be lowered.
  public var owesComparison: Bool { isBehind || isSuspected }
  private var isBehind = false
  /// Whether entries differ from what was confirmed and it is not known yet whether their people have changed since.
  public private(set) var isSuspected = false
  private var hasCaughtUp = false
  /// The counter of the writes on this connection, as far as it is known.
  private var counter: String?
  private var last: (clock: ServerClock, chunk: Int)?

  public init() {}

  /// Restores what a predecessor has stored.
  public init(keys: ConfirmedKeys, confirmed: ServerClock?, owed: ServerClock?) {
    self.keys = keys
    self.confirmed = confirmed
    self.owed = owed
  }

  /// Records a new connection.
  ///
  /// - Parameters:
  ///   - clock: the server's clock, nil if it has none.
  ///   - mayBeLate: whether another server may still carry out operations that were sent to it.
  public mutating func connected(_ clock: ServerClock?, mayBeLate: Bool = false) -> Finding {
    keys.close()
    last = clock.map { ($0, keys.closed) }
    if mayBeLate, let counter, let clock { owe(clock.beyond(counter)) }
    counter = nil
    guard let clock, let confirmed else { return .lookAgain }
    switch clock.standing(to: confirmed) {
    case .unknown:
      self.confirmed = nil
      return .lookAgain
    case .behind:
      owe(confirmed)
      isBehind = true
      return .behind
    case .upToDate:
      if catchesUp(clock) { return .caughtUp }
      // A clock that is not shared covers no keys, so none can be lost.
      if keys.lost == nil || !clock.kind.isShared { return .lookAgain }
      isBehind = true
      return .tooMany
    }
  }

  private mutating func owe(_ clock: ServerClock?) {
    guard let clock else { return }
    owed = owed.flatMap { $0.joined(with: clock) } ?? clock
    hasCaughtUp = false
  }

  /// Records a clock that was read on the same connection.
  ///
  /// - Parameter chunk: the last chunk of keys that was closed before the clock was requested.
  /// - Returns: whether a full comparison is needed because the owed writes have arrived.
  public mutating func read(_ clock: ServerClock?, after chunk: Int) -> Bool {
    guard let clock else {
      confirmed = nil
      last = nil
      return false
    }
    defer { last = (clock, chunk) }
    guard let last else { return false }
    if chunk > last.chunk {
      // Writes were confirmed in between: a clock that counts them has advanced.
      guard clock.isBeyond(last.clock) else {
        if !owesComparison { confirmed = nil }
        return false
      }
      counter = clock.onlyCounter(since: last.clock) ?? counter
      confirmed = owesComparison ? confirmed.map { $0.joined(with: clock) ?? $0 } ?? clock : clock
    } else if confirmed != nil, !owesComparison {
      confirmed = clock
    }
    if confirmed != nil, clock.kind.isShared { keys.cover(upTo: last.chunk) }
    return catchesUp(clock)
  }

  private mutating func catchesUp(_ clock: ServerClock) -> Bool {
    guard let owed, !hasCaughtUp, clock.standing(to: owed) == .upToDate else { return false }
    hasCaughtUp = true
    isBehind = true
    return true
  }

  /// Records whether there are entries of which that is not known.
  public mutating func note(isSuspected: Bool) { self.isSuspected = isSuspected }

  /// Records that a key that should exist was missing.
  public mutating func missed() { isBehind = true }

  /// Whether a comparison that begins now would see the owed writes.
  public var seesAll: Bool { hasCaughtUp || owed == nil }

  /// Records a full comparison with the connected server.
  ///
  /// - Parameter hasSeenAll: the value of ``seesAll`` when the comparison began.
  public mutating func compared(hasSeenAll: Bool) {
    if hasSeenAll {
      owed = nil
      hasCaughtUp = false
    }
    // Owed writes that arrive during the comparison require another one.
    if hasSeenAll || !hasCaughtUp { isBehind = false }
    if let last, confirmed != nil, !owesComparison { confirmed = last.clock }
  }
}
