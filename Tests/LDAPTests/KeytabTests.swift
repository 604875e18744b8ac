import LDAP
import Sandbox
import Testing

@Suite struct KeytabTests {
  @Test func itSaysWhoseKeysItHas() throws {
    let octets = Array(
      KeytabText.of("rollcall@EXAMPLE.COM", "ldap/a.example.com@EXAMPLE.COM", "rollcall@EXAMPLE.COM").utf8)
    let keytab = try #require(Keytab(octets))
    #expect(keytab.principals == ["rollcall@EXAMPLE.COM", "ldap/a.example.com@EXAMPLE.COM"])
    #expect(keytab.holds("rollcall@EXAMPLE.COM") && !keytab.holds("rollcall@example.com"))
    // An entry that was deleted: a hole of four octets.
    #expect(try #require(Keytab([5, 2, 0xFF, 0xFF, 0xFF, 0xFC, 1, 2, 3, 4] + octets.dropFirst(2))) == keytab)
    #expect(Keytab([5, 2])?.principals == [])
  }

  @Test func everythingElseIsNone() {
    let octets = Array(KeytabText.of("rollcall@EXAMPLE.COM").utf8)
    for count in 3..<octets.count { #expect(Keytab(Array(octets.prefix(count))) == nil) }
    for other in [[], [5], [5, 1], Array("secret\n".utf8), [5, 2, 0x80, 0, 0, 0], [5, 2, 0x7F, 0xFF, 0xFF, 0xFF]] {
      #expect(Keytab(other) == nil)
    }
  }
}
