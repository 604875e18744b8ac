/// Generalized time (RFC 4517 section 3.3.13) from PostgreSQL's output of a `timestamptz`.
enum GeneralizedTime {
  /// `20240102030405.678Z` for `2024-01-02 03:04:05.678+00`.
  static func octets(timestamptz bytes: [UInt8]) throws(UndecodableValue) -> [UInt8] {
    guard !bytes.elementsEqual("infinity".utf8), !bytes.elementsEqual("-infinity".utf8) else {
      throw UndecodableValue("a time is infinite, which LDAP cannot represent")
    }
    guard !bytes.reversed().starts(with: " BC".utf8.reversed()) else {
      throw UndecodableValue("a time is before the year 1, which LDAP cannot represent")
    }
    guard bytes.reversed().starts(with: "+00".utf8.reversed()) else {
      throw UndecodableValue("a time is not in UTC: the session needs TimeZone = UTC and DateStyle = ISO")
    }
    let text = bytes.dropLast(3)
    let isDigit = { (byte: UInt8) in UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }
    let year = text.prefix(while: isDigit)
    guard year.count <= 4 else {
      throw UndecodableValue("a time is after the year 9999, which LDAP cannot represent")
    }
    // Two hyphens, a space and two colons are dropped.
    let digits = text.filter { isDigit($0) || $0 == UInt8(ascii: ".") }
    guard year.count == 4, text.count >= 19, text.count - digits.count == 5 else {
      throw UndecodableValue("a time is not in PostgreSQL's ISO format: the session needs DateStyle = ISO")
    }
    return digits + [UInt8(ascii: "Z")]
  }
}
