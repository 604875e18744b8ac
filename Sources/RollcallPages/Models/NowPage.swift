/// `/`: how the directories are at present.
package struct NowPage: Sendable {
  package var frame: Frame
  /// The directory of the frame, or the only one; nil where the page is about several.
  package var details: Details?
  /// Each of several directories, in any order.
  package var cards: [Card]

  package init(_ frame: Frame, details: Details? = nil, cards: [Card] = []) {
    self.frame = frame
    self.details = details
    self.cards = cards
  }

  /// One of several directories, in short.
  package struct Card: Sendable {
    package var summary: DirectorySummary
    /// The minutes' writes; their lag is in ``lag``.
    package var hour: LastHour
    /// Of all minutes together: an element more than the hour's bounds.
    package var lag: [Int]
    /// The last rows of the journal, newest first.
    package var writes: [JournalRow]

    package init(_ summary: DirectorySummary, hour: LastHour, lag: [Int], writes: [JournalRow]) {
      self.summary = summary
      self.hour = hour
      self.lag = lag
      self.writes = writes
    }
  }

  /// One directory in detail.
  package struct Details: Sendable {
    package var summary: DirectorySummary
    package var hour: LastHour
    /// The last twenty rows of the journal, newest first.
    package var writes: [JournalRow]

    package init(_ summary: DirectorySummary, hour: LastHour, writes: [JournalRow]) {
      self.summary = summary
      self.hour = hour
      self.writes = writes
    }
  }
}

/// What the daemon has counted, minute by minute.
package struct LastHour: Sendable {
  /// One minute. A minute in which no daemon led has no element.
  package struct Minute: Sendable {
    /// Its beginning.
    package var at: Moment
    /// Writes that the directory has confirmed.
    package var writes: Int
    /// How many of them took so long: an element more than ``LastHour/bounds``; not cumulative.
    package var lag: [Int]

    package init(at: Moment, writes: Int, lag: [Int]) {
      self.at = at
      self.writes = writes
      self.lag = lag
    }
  }

  /// Upper bounds of the lag's buckets in seconds, ascending; above the last one is one more bucket.
  package var bounds: [Double]
  /// In order of time, at most the last sixty.
  package var minutes: [Minute]
  /// Whether lag counts from the commit. Otherwise it counts from the statement that changed the row, which is earlier.
  package var isFromCommit: Bool

  package init(bounds: [Double], minutes: [Minute], isFromCommit: Bool) {
    self.bounds = bounds
    self.minutes = minutes
    self.isFromCommit = isFromCommit
  }
}
