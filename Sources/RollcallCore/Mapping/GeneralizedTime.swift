internal import LDAPModel

/// Generalized time (RFC 4517 section 3.3.13) from PostgreSQL's output of a `timestamptz`.
enum GeneralizedTime {
  /// `20240102030405.678Z` for `2024-01-02 03:04:05.678+00`, or for `2024-01-02 04:04:05.678+01`.
  static func octets(timestamptz bytes: [UInt8]) throws(UndecodableValue) -> [UInt8] {
    guard !bytes.elementsEqual("infinity".utf8), !bytes.elementsEqual("-infinity".utf8) else {
      throw UndecodableValue("a time is infinite, which LDAP cannot represent")
    }
    guard !bytes.reversed().starts(with: " BC".utf8.reversed()) else {
      throw UndecodableValue("a time is before the year 1, which LDAP cannot represent")
    }
    let isDigit = { (byte: UInt8) in UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }
    let year = bytes.prefix(while: isDigit)
    guard year.count <= 4 else {
      throw UndecodableValue("a time is after the year 9999, which LDAP cannot represent")
    }
    // The last sign is that of the offset; the others are the date's hyphens.
    let sign = bytes.lastIndex { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") } ?? 0
    guard sign >= 19, let offset = seconds(offset: bytes[sign...]) else {
      throw UndecodableValue("a time is not in PostgreSQL's ISO format: the session needs DateStyle = ISO")
    }
    let text = bytes[..<sign]
    // Two hyphens, a space and two colons are dropped.
    let digits = text.filter { isDigit($0) || $0 == UInt8(ascii: ".") }
    guard year.count == 4, text.count - digits.count == 5 else {
      throw UndecodableValue("a time is not in PostgreSQL's ISO format: the session needs DateStyle = ISO")
    }
    if offset == 0 { return digits + [UInt8(ascii: "Z")] }
    guard let time = AttributeValue.generalizedTime(local: digits, offset: offset) else {
      throw UndecodableValue("a time is outside the years 1 to 9999, which LDAP cannot represent")
    }
    return time.bytes
  }

  /// The seconds of `+01`, `-03:30` or `+00:53:28`; nil for anything else.
  private static func seconds(offset: ArraySlice<UInt8>) -> Int? {
    let parts = offset.dropFirst().split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    let numbers = parts.compactMap { $0.count == 2 ? Int(String(decoding: $0, as: UTF8.self)) : nil }
    guard (1...3).contains(parts.count), numbers.count == parts.count else { return nil }
    let seconds = zip(numbers, [3600, 60, 1]).map { $0 * $1 }.reduce(0, +)
    return offset.first == UInt8(ascii: "-") ? -seconds : seconds
  }
}
