import LDAPModel
import Testing

struct EntryTests {
  @Test func namesAreWithoutCase() {
    var entry = Entry("cn=a", [Attribute("givenName", ["A"]), Attribute("userCertificate;binary", ["B"])])
    #expect(entry["GIVENNAME"] == ["A"])
    #expect(entry["usercertificate;BINARY"] == ["B"])
    #expect(entry["userCertificate"] == [] && entry["mail"] == [])
    entry["GivenName"] = ["C"]
    #expect(entry.attributes.map(\.name) == ["givenName", "userCertificate;binary"])
    entry["mail"].append("m")
    #expect(entry["mail"] == ["m"])
    entry["givenname"] = []
    entry["sn"] = []
    #expect(entry.attributes.map(\.name) == ["userCertificate;binary", "mail"])
  }

  @Test func equivalence() {
    let entry = Entry("CN=a,DC=x", [Attribute("cn", ["a", "b"]), Attribute("sn", ["S"])])
    let other = Entry(
      "cn=A,dc=X", [Attribute("surname", [" s "]), Attribute("commonName", ["B"]), Attribute("cn", ["A"])])
    #expect(entry.isEquivalent(to: other, .builtin))
    #expect(entry != other)
    #expect(!entry.isEquivalent(to: Entry("cn=a,dc=y", entry.attributes), .builtin))
    #expect(
      !entry.isEquivalent(to: Entry(entry.dn, [Attribute("cn", ["a"]), Attribute("sn", ["s"])]), .builtin))
    #expect(Entry("cn=a", [Attribute("mail", [])]).isEquivalent(to: Entry("cn=a"), .builtin))
  }

  @Test func valuesAreOctets() {
    #expect(AttributeValue("ü").bytes == [0xC3, 0xBC])
    #expect(AttributeValue(bytes: [0xC3, 0xBC]).text == "ü")
    #expect(AttributeValue(bytes: [0xC3]).text == nil)
    #expect(AttributeValue("\u{FC}") != AttributeValue("u\u{308}"))
    #expect(AttributeValue(bytes: [0x41, 0x00, 0xFF]).debugDescription == #"A\00\ff"#)
    #expect(AttributeValue("\u{9B}").debugDescription == #"\c2\9b"#)
  }

  @Test(
    arguments: [
      (ResultCode.noSuchObject, 32, "noSuchObject (32)"), (.serverDown, -1, "serverDown (-1)"),
      (.timeout, -5, "timeout (-5)"),
      (.connectError, -11, "connectError (-11)"), (.success, 0, "success (0)"),
      (.entryAlreadyExists, 68, "entryAlreadyExists (68)"),
      (ResultCode(rawValue: 9999), 9999, "result (9999)"),
    ] as [(ResultCode, Int32, String)])
  func resultCodes(_ code: ResultCode, _ number: Int32, _ description: String) {
    #expect(code.rawValue == number)
    #expect(code.description == description)
    #expect(code.isLocal == (number < 0))
  }
}
