import LDAPModel
import Testing

@testable import RollcallCore

/// What is kept of values, and what is not.
@Suite struct JournalValuesTests {
  private let schema = Schema.builtin
  private let dn: DistinguishedName = "uid=ada,ou=users,dc=example,dc=com"

  private func values(keeps: Bool = true, hide: [String] = [], secrets: [String] = []) -> JournalValues {
    JournalValues(keepsValues: keeps, hide: hide, secrets: secrets, schema)
  }

  private func changes(
    _ modifications: [Modification], _ values: JournalValues, _ attributes: [Attribute] = []
  ) -> String? {
    return values.changes(by: .modify(dn, modifications), of: Entry(dn, attributes))
  }

  @Test func anUpdateHasOldAndNewValues() throws {
    let modifications = [Modification(.delete, "mail", ["a@x"]), Modification(.add, "mail", ["b@x"])]
    #expect(changes(modifications, values()) == #"{"mail":{"removed":["a@x"],"added":["b@x"]}}"#)
  }

  @Test func aReplacementHasWhatDiffers() throws {
    let current = [Attribute("title", ["one", "two"])]
    #expect(
      changes([Modification(.replace, "title", ["two", "three"])], values(), current)
        == #"{"title":{"removed":["one"],"added":["three"]}}"#)
  }

  @Test func aDeleteOfAllHasAll() throws {
    let current = [Attribute("title", ["one", "two"])]
    #expect(
      changes([Modification(.delete, "title")], values(), current) == #"{"title":{"removed":["one","two"]}}"#)
  }

  @Test("nothing is kept of a password, whatever its spelling, options, or object identifier")
  func passwords() throws {
    let names = [
      "userPassword", "USERPASSWORD", "2.5.4.35", "userPassword;x-old", "sambaNTPassword", "unicodePwd", "own",
    ]
    for name in names {
      let kept = changes([Modification(.add, name, ["secret"])], values(secrets: ["own"]))
      #expect(kept == #"{"\#(name)":{"added":[{"hidden":true}]}}"#)
    }
  }

  @Test func aHiddenAttributeHasADigest() throws {
    let kept = changes([Modification(.add, "homePhone", ["abc"])], values(hide: ["HomePhone"]))
    let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    #expect(kept == #"{"homePhone":{"added":[{"sha256":"\#(digest)","size":3}]}}"#)
  }

  @Test(arguments: [[0xFF, 0xD8], [0x61, 0x00], [UInt8](repeating: 0x61, count: 9000)])
  func whatIsNoShortTextHasADigest(_ bytes: [UInt8]) throws {
    let kept = try #require(changes([Modification(.add, "title", [AttributeValue(bytes: bytes)])], values()))
    #expect(kept.contains(#""sha256":"#) && kept.contains(#""size":\#(bytes.count)}"#))
  }

  @Test func manyLongValuesAreBounded() throws {
    let many = (0..<100).map { AttributeValue(String(repeating: "\($0 % 10)", count: 8000)) }
    let kept = try #require(changes([Modification(.add, "title", many)], values()))
    #expect(kept.utf8.count < 300 << 10)
  }

  @Test func withoutValuesOnlyTheNameIsKept() throws {
    #expect(
      changes([Modification(.add, "mail", ["a@x"])], values(keeps: false))
        == #"{"mail":{"added":[{"hidden":true}]}}"#)
  }

  @Test func textIsEscaped() throws {
    let kept = changes([Modification(.add, "cn", ["a\"b\\c\n\u{1}\u{1f}é"])], values())
    #expect(kept == #"{"cn":{"added":["a\"b\\c\u000a\u0001\u001fé"]}}"#)
  }

  @Test func anAddAndARenameHaveNone() throws {
    #expect(values().changes(by: .add(dn, [Attribute("cn", ["x"])]), of: nil) == nil)
    let name = try #require(dn.first)
    #expect(values().changes(by: .rename(dn, to: name, deleteOld: true, newParent: nil), of: nil) == nil)
  }
}

@Suite struct SHA256Tests {
  /// FIPS 180-4's examples (NIST, "SHA-256 Example Algorithm"), and the empty message.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    (String(repeating: "a", count: 100_000), "6d1cf22d7cc09b085dfc25ee1a1f3ae0265804c607bc2074ad253bcc82fd81ee"),
  ])
  func examples(_ text: String, _ digest: String) {
    #expect(SHA256.hex(Array(text.utf8)) == digest)
  }
}

@Suite struct OriginTests {
  @Test func theNewestAreKept() {
    var origin = Origin(5, at: 100)
    for number in 6...20 { origin.merge(Origin(UInt64(number), at: 100 - Int64(number))) }
    #expect(origin.transactions == Array(13...20).map(UInt64.init))
    #expect(origin.changedAt == 80)
  }

  @Test func oneOfANotificationTakesTheTimeOfTheLog() {
    var origin = Origin(5)
    origin.merge(Origin(5, at: 7))
    #expect(origin.transactions == [5])
    #expect(origin.changedAt == 7)
  }
}

@Suite struct EntryIDTests {
  @Test(arguments: [
    "6fd1f1c6-ee2b-103b-9d5f-01a2b3c4d5e6", "6FD1F1C6-EE2B103B-9D5F01A2-B3C4D5E6",
  ])
  func ofText(_ text: String) {
    #expect(EntryID(AttributeValue(text))?.text == "6fd1f1c6ee2b103b9d5f01a2b3c4d5e6")
  }

  @Test func ofActiveDirectory() {
    let octets: [UInt8] = [0xC6, 0xF1, 0xD1, 0x6F, 0x2B, 0xEE, 0x3B, 0x10, 0x9D, 0x5F, 1, 2, 3, 4, 5, 6]
    #expect(EntryID(AttributeValue(bytes: octets))?.text == "6fd1f1c6ee2b103b9d5f010203040506")
  }

  @Test(arguments: ["", "x", "6fd1f1c6ee2b103b9d5f01a2b3c4d5eg"]) func ofNothing(_ text: String) {
    #expect(EntryID(AttributeValue(text)) == nil)
  }
}
