internal import DequeModule

/// Keys that wait for room in the queue, packed: a million of them take some ten megabytes.
public struct KeySpool: Sendable {
  private static let slab = 16_384

  private var slabs: Deque<[UInt8]> = []

  public init() {}

  public var isEmpty: Bool { slabs.isEmpty }

  public mutating func append(_ key: RosterKey) {
    if slabs.last.map({ $0.count >= KeySpool.slab }) ?? true { slabs.append([]) }
    slabs[slabs.count - 1] += key.text.utf8
    // PostgreSQL's text values contain no NUL.
    slabs[slabs.count - 1].append(0)
  }

  /// Some of the keys, in insertion order; nil when there are no more.
  public mutating func next() -> [RosterKey]? {
    guard let slab = slabs.popFirst() else { return nil }
    return slab.split(separator: 0, omittingEmptySubsequences: false).dropLast().map {
      RosterKey(String(decoding: $0, as: UTF8.self))
    }
  }
}
