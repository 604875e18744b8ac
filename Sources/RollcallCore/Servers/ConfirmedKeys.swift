internal import DequeModule

/// The keys whose writes one server has confirmed and another server may lack.
///
/// They are collected in numbered chunks, which are stored once they are closed. A chunk is dropped when a clock
/// shows that the server counts its writes. It is also dropped when there are too many keys; this is recorded. The
/// newest keys stay as witnesses, because a restored server may show a clock that is newer than its data.
///
/// Pure policy: no I/O; the caller stores the data.
public struct ConfirmedKeys: Sendable {
  /// The maximum number of keys.
  public static let most = 10_000
  /// Keys that are kept although a clock covers them.
  static let witnesses = 100
  /// The maximum number of keys in a chunk.
  static let chunk = 1000

  /// Keys that were confirmed consecutively.
  public struct Chunk: Sendable, Equatable {
    public var number: Int
    public var keys: [RosterKey]

    public init(number: Int, keys: [RosterKey]) {
      self.number = number
      self.keys = keys
    }
  }

  private var chunks: Deque<Chunk> = []
  /// The chunk in which each key was last confirmed.
  private var owners: [RosterKey: Int] = [:]
  /// How many keys have each chunk as their last; a chunk without any is dropped.
  private var live: [Int: Int] = [:]
  private var openKeys: [RosterKey] = []
  /// Closed chunks that are not stored yet, and numbers of chunks to delete from the store.
  private var unstored: [Chunk] = []
  private var dropped: [Int] = []
  /// The number of the last chunk that was closed.
  public private(set) var closed: Int
  /// The newest chunk that was dropped because there were too many keys and that no clock covers.
  public private(set) var lost: Int?
  /// The newest chunk that a clock covers.
  private var covered = 0

  public init() { closed = 0 }

  /// Restores the keys that a predecessor has stored.
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
  /// Whether there are keys that no clock covers.
  public var hasUncovered: Bool { closed > covered || !openKeys.isEmpty }
  /// Whether there are changes that are not stored.
  public var isUnstored: Bool { !openKeys.isEmpty || !unstored.isEmpty || !dropped.isEmpty }

  /// Records keys whose writes were just confirmed.
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

  /// Closes the open chunk if it is not empty.
  public mutating func close() {
    if openKeys.isEmpty { return }
    closed += 1
    let chunk = Chunk(number: closed, keys: openKeys)
    openKeys = []
    chunks.append(chunk)
    unstored.append(chunk)
    bound()
  }

  /// Records that no up-to-date server can lack the writes of the chunks up to this one.
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

  /// The changes that are not stored yet.
  public struct Difference: Sendable, Equatable {
    public var chunks: [Chunk] = []
    /// Numbers of chunks to delete.
    public var dropped: [Int] = []
    public var lost: Int?

    public init(chunks: [Chunk] = [], dropped: [Int] = [], lost: Int? = nil) {
      self.chunks = chunks
      self.dropped = dropped
      self.lost = lost
    }
  }

  /// Takes the changes to store; call ``putBack(_:)`` if storing fails.
  public mutating func takeDifference() -> Difference {
    close()
    defer {
      unstored = []
      dropped = []
    }
    return Difference(chunks: unstored, dropped: dropped, lost: lost)
  }

  /// Puts back changes that were not, or possibly not, stored.
  public mutating func putBack(_ difference: Difference) {
    let present = Set(chunks.map(\.number))
    unstored = difference.chunks.filter { present.contains($0.number) } + unstored
    // A chunk that was dropped meanwhile may have reached the store.
    dropped += difference.dropped + difference.chunks.map(\.number).filter { !present.contains($0) }
  }
}
