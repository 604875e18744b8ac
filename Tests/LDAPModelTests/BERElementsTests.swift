import LDAPModel
import Testing

@Suite struct BERElementsTests {
  /// Elements of an octet string; nil at what is no whole element.
  @Test(
    arguments: [
      ([0x04, 0x01, 0x41, 0x05, 0x00], [[0x41], []]), ([0x04, 0x81, 0x01, 0x41], [[0x41]]),
      ([0x04, 0x84, 0, 0, 0, 1, 0x41], [[0x41]]), ([0x04], []), ([0x04, 0x02, 0x41], []), ([0x04, 0x82, 0x00], []),
      // An indefinite length, and one of five octets.
      ([0x30, 0x80, 0x04, 0x00, 0x00, 0x00], []), ([0x04, 0x85, 0, 0, 0, 0, 1, 0x41], []),
      ([0x04, 0x84, 0xFF, 0xFF, 0xFF, 0xFF, 0x41], []),
    ] as [([UInt8], [[UInt8]])])
  func elements(_ octets: [UInt8], _ expected: [[UInt8]]) {
    var elements = BERElements(octets[...])
    var found: [[UInt8]] = []
    while let element = elements.take() { found.append(Array(element.contents.rest)) }
    #expect(found == expected)
  }

  @Test func anotherTagIsNotTaken() {
    var elements = BERElements([0x04, 0x01, 0x41])
    #expect(elements.next(0x30) == nil)
  }
}
