/// A set of 64-bit hashes in little more than six octets each; `Set` takes between eleven and twenty-two.
///
/// The first sixteen bits of a hash say on which of 65,536 shelves the others lie, in no order: of ten million hashes a
/// shelf has 150. An empty set takes half a megabyte.
public struct HashShelves: Sendable {
  /// Three words for each hash.
  private var shelves: [[UInt16]] = Array(repeating: [], count: 1 << 16)
  public private(set) var count = 0

  public init() {}

  public func contains(_ hash: UInt64) -> Bool {
    HashShelves.find(hash, in: shelves[Int(hash >> 48)])
  }

  /// Adds a hash; false if it was there.
  public mutating func insert(_ hash: UInt64) -> Bool {
    let shelf = Int(hash >> 48)
    if HashShelves.find(hash, in: shelves[shelf]) { return false }
    let words = HashShelves.words(hash)
    // An array would double what it has.
    let size = shelves[shelf].count
    if size == shelves[shelf].capacity { shelves[shelf].reserveCapacity(size + 6 + size / 8) }
    shelves[shelf].append(words.0)
    shelves[shelf].append(words.1)
    shelves[shelf].append(words.2)
    count += 1
    return true
  }

  private static func words(_ hash: UInt64) -> (UInt16, UInt16, UInt16) {
    (UInt16(truncatingIfNeeded: hash >> 32), UInt16(truncatingIfNeeded: hash >> 16), UInt16(truncatingIfNeeded: hash))
  }

  private static func find(_ hash: UInt64, in shelf: [UInt16]) -> Bool {
    let words = words(hash)
    var place = 0
    while place < shelf.count {
      if shelf[place] == words.0, shelf[place + 1] == words.1, shelf[place + 2] == words.2 { return true }
      place += 3
    }
    return false
  }
}
