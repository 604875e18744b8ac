/// A sequence of BER elements with definite lengths (X.690; RFC 4511 section 5.1): of an LDAP message, or of a
/// certificate, since DER is a subset of BER.
public struct BERElements: Sendable {
  /// The elements that have not been taken yet.
  public private(set) var rest: ArraySlice<UInt8>

  public init(_ octets: ArraySlice<UInt8>) { rest = octets }

  /// The next element; nil at the end, and if it is incomplete.
  public mutating func take() -> (tag: UInt8, contents: BERElements)? {
    guard rest.count >= 2 else { return nil }
    let tag = rest[rest.startIndex]
    var length = Int(rest[rest.startIndex + 1])
    var start = rest.startIndex + 2
    if length >= 0x80 {
      let octets = length - 0x80
      guard (1...4).contains(octets), rest.endIndex - start >= octets else { return nil }
      length = rest[start..<start + octets].reduce(0) { $0 << 8 | Int($1) }
      start += octets
    }
    guard length <= rest.endIndex - start else { return nil }
    defer { rest = rest[(start + length)...] }
    return (tag, BERElements(rest[start..<start + length]))
  }

  /// The contents of the next element, which must have this tag.
  public mutating func next(_ tag: UInt8) -> BERElements? {
    guard let element = take(), element.tag == tag else { return nil }
    return element.contents
  }
}
