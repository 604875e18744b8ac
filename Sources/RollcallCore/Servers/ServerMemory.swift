/// What is known of how far the directory's servers are, and what follows when another one answers.
///
/// The reasoning, for a clock C that was read where writes were confirmed: a server whose clock is not behind C has all
/// writes that C counts. C counts a write that was confirmed before the clock was asked for, once the server has ended
/// the operations of others that began before it; so a chunk of keys counts as covered only by the second clock after
/// it. Keys that no clock covers are looked at again at each new connection, and the last ones that one does: where any
/// of them is missing, others may be. A clock that stands still over a confirmed write is none.
///
/// Pure policy: no clock of its own, no I/O.
public struct ServerMemory: Sendable {
  /// What a new connection asks for.
  public enum Finding: Sendable, Equatable {
    /// Only the keys that were confirmed last are looked at again.
    case lookAgain
    /// The server is behind what was confirmed.
    case behind
    /// More was confirmed than is remembered, before a clock covered it.
    case tooMany
    /// It was behind, and what it lacked may have come since, over what was written meanwhile.
    case caughtUp
  }

  public var keys = ConfirmedKeys()
  /// What counts all that was confirmed, but for `keys`; nil where no clock does.
  public private(set) var confirmed: ServerClock?
  /// What another server had confirmed and this one lacked: when it comes it may undo what was written meanwhile.
  public private(set) var owed: ServerClock?
  /// Whether everybody has to be compared before `confirmed` may stand for less than it does.
  public private(set) var owesComparison = false
  private var hasCaughtUp = false
  /// Who counts what is written on this connection, as far as that could be seen.
  private var counter: String?
  private var last: (clock: ServerClock, chunk: Int)?

  public init() {}

  /// What a predecessor has stored.
  public init(keys: ConfirmedKeys, confirmed: ServerClock?, owed: ServerClock?) {
    self.keys = keys
    self.confirmed = confirmed
    self.owed = owed
  }

  /// Notes that another connection was made.
  ///
  /// - Parameters:
  ///   - clock: what the server shows, nil if it has none.
  ///   - mayBeLate: whether another server may still carry out what was on its way to it.
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
      owesComparison = true
      return .behind
    case .upToDate:
      if catchesUp(clock) { return .caughtUp }
      // A count of its own covers nobody, so there is nothing to miss.
      if keys.lost == nil || !clock.kind.isShared { return .lookAgain }
      owesComparison = true
      return .tooMany
    }
  }

  private mutating func owe(_ clock: ServerClock?) {
    guard let clock else { return }
    owed = owed.flatMap { $0.joined(with: clock) } ?? clock
    hasCaughtUp = false
  }

  /// Notes that a clock was read on the same connection.
  ///
  /// - Parameter chunk: the last chunk of keys that was closed before it was asked for.
  /// - Returns: whether everybody has to be compared again because what was owed has come.
  public mutating func read(_ clock: ServerClock?, after chunk: Int) -> Bool {
    guard let clock else {
      confirmed = nil
      last = nil
      return false
    }
    defer { last = (clock, chunk) }
    guard let last else { return false }
    if chunk > last.chunk {
      // Something was confirmed in between: then a clock that counts has moved.
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
    owesComparison = true
    return true
  }

  /// Notes that a key that should have been there was missing.
  public mutating func missed() { owesComparison = true }

  /// Whether a comparison that begins now would see what was owed.
  public var seesAll: Bool { hasCaughtUp || owed == nil }

  /// Notes that everybody was compared at the server that is connected.
  ///
  /// - Parameter hasSeenAll: what ``seesAll`` was when that began.
  public mutating func compared(hasSeenAll: Bool) {
    if hasSeenAll {
      owed = nil
      hasCaughtUp = false
    }
    // What comes while the comparison is under way asks for another one.
    if hasSeenAll || !hasCaughtUp { owesComparison = false }
    if let last, confirmed != nil, !owesComparison { confirmed = last.clock }
  }
}
