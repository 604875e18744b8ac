import RollcallCore
import Testing

@Suite struct HashShelvesTests {
  @Test("they hold what a set holds, also where hashes differ in one word only")
  func asASet() {
    var shelves = HashShelves()
    var set: Set<UInt64> = []
    var generator = SystemRandomNumberGenerator()
    var hashes = (0..<20_000).map { _ in UInt64.random(in: 0...(.max), using: &generator) }
    // One shelf that is full, with neighbours.
    let base: UInt64 = 0xABCD_0000_0000_0000
    hashes += (0..<2_000).map {
      base | UInt64.random(in: 0..<4096, using: &generator) << UInt64([0, 16, 32][Int($0) % 3])
    }
    hashes += [0, .max, 1 << 48, 1]
    hashes += hashes.shuffled(using: &generator).prefix(3_000)
    for hash in hashes {
      #expect(shelves.contains(hash) == set.contains(hash))
      #expect(shelves.insert(hash) == set.insert(hash).inserted)
      #expect(shelves.contains(hash))
    }
    #expect(shelves.count == set.count)
    for hash in hashes { #expect(shelves.contains(hash ^ 1) == set.contains(hash ^ 1)) }
  }
}
