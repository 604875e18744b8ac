internal import DequeModule

/// The keys whose writes the directory has confirmed, as far as another server may not have them.
///
/// They come in chunks, numbered in order, that are stored once they are closed. A chunk goes when a clock has shown
/// that the server counts what it holds, or when there are too many keys: then it is remembered that it was there. The
/// youngest stay as witnesses, because a server that was restored may show a clock that is younger than its data.
///
/// Pure policy: no I/O; who calls it stores what it says.
public struct ConfirmedKeys: Sendable {
  /// Keys that are remembered at most.
  public static let most = 10_000
  /// Keys that stay although a clock covers them.
  static let witnesses = 100
  /// Keys of the largest chunk.
  static let chunk = 1000

  /// Keys that were confirmed one after the other.
  public struct Chunk: Sendable, Equatable {
    public var number: Int
    public var keys: [RosterKey]

    public init(number: Int, keys: [RosterKey]) {
      self.number = number
      self.keys = keys
    }
  }

  private var chunks: Deque<Chunk> = []
  /// The chunk in which a key was confirmed last.
  private var owners: [RosterKey: Int] = [:]
  /// How many keys were confirmed last in a chunk; one without any goes.
  private var live: [Int: Int] = [:]
  private var openKeys: [RosterKey] = []
  /// Chunks that are closed and not stored, and numbers of those that are to be deleted in the store.
  private var unstored: [Chunk] = []
  private var dropped: [Int] = []
  /// The number of the last chunk that was closed.
  public private(set) var closed: Int
  /// The newest chunk that was dropped because there were too many keys, while no clock covers it.
  public private(set) var lost: Int?
  /// The newest chunk that a clock covers.
  private var covered = 0

  public init() { closed = 0 }

  /// What a predecessor has stored.
  public init(stored: [Chunk], lost: Int?) {
    closed = max(stored.map(\.number).max() ?? 0, lost ?? 0)
    self.lost = lost
    for chunk in stored.sorted(by: { $0.number < $1.number }) {
      chunks.append(chunk)
      for key in chunk.keys { own(key, chunk.number) }
    }
    bound()
  }

  /// The keys that are remembered.
  public var keys: [RosterKey] { Array(owners.keys) }
  /// Whether there are some that no clock covers.
  public var hasUncovered: Bool { closed > covered || !openKeys.isEmpty }
  /// Whether there is something that the store does not have.
  public var isUnstored: Bool { !openKeys.isEmpty || !unstored.isEmpty || !dropped.isEmpty }

  /// Notes keys whose writes were confirmed just now.
  public mutating func note(_ confirmed: some Sequence<RosterKey>) {
    for key in confirmed where owners[key] != closed + 1 {
      own(key, closed + 1)
      openKeys.append(key)
      if openKeys.count == ConfirmedKeys.chunk { close() }
    }
  }

  private mutating func own(_ key: RosterKey, _ number: Int) {
    live[number, default: 0] += 1
    guard let old = owners.updateValue(number, forKey: key) else { return }
    live[old, default: 0] -= 1
    if live[old] == 0, let index = chunks.firstIndex(where: { $0.number == old }) { drop(at: index) }
  }

  /// Closes the open chunk, if anything is in it.
  public mutating func close() {
    if openKeys.isEmpty { return }
    closed += 1
    let chunk = Chunk(number: closed, keys: openKeys)
    openKeys = []
    chunks.append(chunk)
    unstored.append(chunk)
    bound()
  }

  /// Notes that no server that is up to date can lack what is in the chunks up to this one.
  public mutating func cover(upTo number: Int) {
    covered = max(covered, number)
    while let first = chunks.first, first.number <= covered,
      owners.count - (live[first.number] ?? 0) >= ConfirmedKeys.witnesses
    {
      drop()
    }
    if let last = lost, last <= covered { lost = nil }
  }

  private mutating func bound() {
    while owners.count > ConfirmedKeys.most, let first = chunks.first {
      if first.number > covered { lost = first.number }
      drop()
    }
  }

  private mutating func drop(at index: Int = 0) {
    let chunk = chunks.remove(at: index)
    for key in chunk.keys where owners[key] == chunk.number { owners[key] = nil }
    live[chunk.number] = nil
    if let index = unstored.firstIndex(where: { $0.number == chunk.number }) {
      unstored.remove(at: index)
    } else {
      dropped.append(chunk.number)
    }
  }

  // MARK: Storing

  /// What the store does not have yet.
  public struct Difference: Sendable, Equatable {
    public var chunks: [Chunk] = []
    /// Chunks to be deleted.
    public var dropped: [Int] = []
    public var lost: Int?

    public init(chunks: [Chunk] = [], dropped: [Int] = [], lost: Int? = nil) {
      self.chunks = chunks
      self.dropped = dropped
      self.lost = lost
    }
  }

  /// Takes what is to be stored; ``putBack(_:)`` where that fails.
  public mutating func takeDifference() -> Difference {
    close()
    defer {
      unstored = []
      dropped = []
    }
    return Difference(chunks: unstored, dropped: dropped, lost: lost)
  }

  /// Takes back what could not be stored, or perhaps was.
  public mutating func putBack(_ difference: Difference) {
    let present = Set(chunks.map(\.number))
    unstored = difference.chunks.filter { present.contains($0.number) } + unstored
    // One that was dropped meanwhile may be in the store all the same.
    dropped += difference.dropped + difference.chunks.map(\.number).filter { !present.contains($0) }
  }
}
