import LDAPModel
import Testing

struct DistinguishedNameTests {
  /// RFC 4514 section 4, and what the awkward characters look like.
  @Test(arguments: readsTable)
  func reads(_ text: String, _ expected: [[String]]) throws {
    let names = try DistinguishedName(parsing: text).relativeNames()
    let found = names.map { name in name.parts.flatMap { [$0.type, $0.value.text ?? "?"] } }
    #expect(found == expected)
  }

  @Test func readsBER() throws {
    let name = try RelativeDistinguishedName(parsing: "1.3.6.1.4.1.1466.0=#04024869")
    #expect(
      name.parts == [.init(type: "1.3.6.1.4.1.1466.0", value: .init(bytes: [4, 2, 0x48, 0x69]), isBER: true)])
    #expect(name.text == "1.3.6.1.4.1.1466.0=#04024869")
  }

  @Test(arguments: refusesTable)
  func refuses(_ text: String, _ offset: Int, _ reason: String) {
    let error = #expect(throws: InvalidName.self) { try DistinguishedName(parsing: text) }
    #expect(error?.offset == offset)
    #expect(error?.reason.contains(reason) == true)
    #expect(error?.text == text)
  }

  @Test(arguments: escapesTable)
  func escapes(_ value: String, _ expected: String) throws {
    let name = RelativeDistinguishedName("cn", AttributeValue(value))
    #expect(name.text == expected)
    #expect(try RelativeDistinguishedName(parsing: expected) == name)
  }

  /// Octets that are no UTF-8 in each of the ways there are.
  @Test(arguments: escapesWhatIsNoTextTable)
  func escapesWhatIsNoText(_ bytes: [UInt8], _ expected: String) throws {
    let name = RelativeDistinguishedName("cn", AttributeValue(bytes: bytes))
    #expect(name.text == "cn=" + expected)
    #expect(try RelativeDistinguishedName(parsing: name.text) == name)
  }

  @Test(arguments: 0..<64)
  func printThenParseIsIdentity(seed: UInt64) throws {
    var random = RandomModel(seed: seed)
    for _ in 0..<100 {
      let names = random.list(0...5) { $0.relativeName() }
      let name = DistinguishedName(names)
      #expect(try name.relativeNames() == names)
      // What is derived without parsing agrees with what parsing says.
      #expect(name.first == names.first)
      #expect(try name.parent?.relativeNames() == (names.isEmpty ? nil : Array(names.dropFirst())))
      let child = random.relativeName()
      #expect(try name.child(child).relativeNames() == [child] + names)
      #expect(name.child(child).parent == name)
    }
  }

  @Test(arguments: parentTable)
  func parent(_ text: String, _ parent: String?) {
    #expect(DistinguishedName(unchecked: text).parent?.text == parent)
  }

  @Test func aNameThatIsNoneHasNoFirst() {
    #expect(DistinguishedName(unchecked: "nonsense").first == nil)
    #expect(DistinguishedName(unchecked: "nonsense,dc=x").first == nil)
  }

  @Test(arguments: ["cn=a,dc=b", "", "x"])
  func aRelativeNameIsExactlyOne(_ text: String) {
    #expect(throws: InvalidName.self) { try RelativeDistinguishedName(parsing: text) }
  }

  @Test func renames() {
    let name: DistinguishedName = "uid=a,ou=b,dc=c"
    #expect(name.renamed(to: .init("uid", "x,y")).text == #"uid=x\,y,ou=b,dc=c"#)
    #expect(name.renamed(to: .init("uid", "x"), newParent: "dc=z").text == "uid=x,dc=z")
    #expect(DistinguishedName("dc=a").renamed(to: .init("dc", "b")).text == "dc=b")
  }

  /// A name in a log line stays on its line, and is still the name.
  @Test func descriptionIsOneLine() throws {
    let name: DistinguishedName = "cn=a\nERROR b\u{9B}\u{7F}é,dc=x"
    #expect(name.description == #"cn=a\0aERROR b\c2\9b\7fé,dc=x"#)
    #expect(try DistinguishedName(parsing: name.description).relativeNames() == name.relativeNames())
    #expect(Operation.delete(name).description == "delete \(name.description)")
    let error = #expect(throws: InvalidName.self) { try DistinguishedName(parsing: "a\nb") }
    #expect(
      error?.description
        == #""a\0ab" is not a distinguished name: = is missing after the attribute's name at offset 1"#)
    let filterError = #expect(throws: InvalidFilter.self) { try Filter(parsing: "(a\nb") }
    #expect(
      filterError?.description == #""(a\0ab" is not a search filter: =, >=, <=, ~= or := is missing at offset 2"#
    )
    let recordError = #expect(throws: InvalidLDIF.self) { try LDIF.parse("\ncn: a") }
    #expect(recordError?.description == "LDIF line 2: dn: is expected")
  }

  @Test func equalityIsExact() {
    #expect(DistinguishedName("cn=\u{FC}") != DistinguishedName("cn=u\u{308}"))
    #expect(DistinguishedName("cn=a") != DistinguishedName("CN=a"))
    #expect(Set<DistinguishedName>(["cn=a", "cn=a", "cn=b"]).count == 2)
  }
}

private let readsTable: [(String, [[String]])] = [
  ("UID=jsmith,DC=example,DC=net", [["UID", "jsmith"], ["DC", "example"], ["DC", "net"]]),
  (
    "OU=Sales+CN=J.  Smith,DC=example,DC=net",
    [["OU", "Sales", "CN", "J.  Smith"], ["DC", "example"], ["DC", "net"]]
  ),
  (
    #"CN=James \"Jim\" Smith\, III,DC=example,DC=net"#,
    [["CN", #"James "Jim" Smith, III"#], ["DC", "example"], ["DC", "net"]]
  ),
  (#"CN=Before\0dAfter,DC=example,DC=net"#, [["CN", "Before\rAfter"], ["DC", "example"], ["DC", "net"]]),
  (#"CN=Lu\C4\8Di\C4\87"#, [["CN", "Lučić"]]),
  ("1.3.6.1.4.1.1466.0=x", [["1.3.6.1.4.1.1466.0", "x"]]),
  ("", []),
  ("cn=", [["cn", ""]]),
  (#"cn=\ lead"#, [["cn", " lead"]]),
  (#"cn=trail\ "#, [["cn", "trail "]]),
  (#"cn=trail\20  "#, [["cn", "trail "]]),
  (##"cn=\#hash#"##, [["cn", "#hash#"]]),
  (#"cn=back\\slash"#, [["cn", #"back\slash"#]]),
  (#"cn=a\5cb"#, [["cn", #"a\b"#]]),
  (#"cn=a\=b=c"#, [["cn", "a=b=c"]]),
  (#"cn=\00"#, [["cn", "\0"]]),
  ("cn=日本語", [["cn", "日本語"]]),
  ("cn=*()", [["cn", "*()"]]),
  // Forms of RFC 2253 section 4 and RFC 1779.
  ("uid = a , ou= b;dc =c ", [["uid", "a"], ["ou", "b"], ["dc", "c"]]),
  (#"CN="a,b+c;<d>\"e ",OU=x"#, [["CN", #"a,b+c;<d>"e "#], ["OU", "x"]]),
  ("OID.2.5.4.3=x+ oid.2.5.4.4 = y", [["2.5.4.3", "x", "2.5.4.4", "y"]]),
]

private let refusesTable: [(String, Int, String)] = [
  ("cn", 2, "= is missing"), ("=x", 0, "name is missing"), ("cn=a,", 5, "name is missing"),
  ("cn=a,,dc=b", 5, "name is missing"), ("cn=a+", 5, "name is missing"), (#"cn=a\"#, 5, "backslash"),
  (#"cn=a\z"#, 5, "backslash"), (#"cn=a\4"#, 5, "backslash"), ("cn=a\"b", 4, "escaped"),
  ("cn=<a", 3, "escaped"),
  ("cn=a>", 4, "escaped"), ("cn=a\0b", 4, "escaped"), ("cn=\"a", 5, "closing quote"),
  ("cn=\"a\"b", 6, "comma"),
  ("cn=#", 4, "pairs"), ("cn=#0", 4, "pairs"), ("cn=#04z", 6, "comma"), ("c n=x", 2, "= is missing"),
  ("ü=x", 0, "name is missing"), (",", 0, "name is missing"), ("<GUID=x>", 0, "name is missing"),
]

private let escapesTable: [(String, String)] = [
  ("a,b", #"cn=a\,b"#), ("#hash", ##"cn=\#hash"##), ("a#", "cn=a#"), (" lead", #"cn=\20lead"#),
  ("trail ", #"cn=trail\20"#), (" ", #"cn=\20"#), ("a b", "cn=a b"), ("qu\"ote", #"cn=qu\"ote"#),
  ("back\\slash", #"cn=back\\slash"#), ("ümläüt", "cn=ümläüt"), ("日本語", "cn=日本語"), ("*()", "cn=*()"),
  ("a+b;c<d>e=f", #"cn=a\+b\;c\<d\>e\=f"#), ("\0", #"cn=\00"#), ("\\00", #"cn=\\00"#), ("a\nb", #"cn=a\0ab"#),
  ("\u{7F}", #"cn=\7f"#), ("", "cn="),
]

private let escapesWhatIsNoTextTable: [([UInt8], String)] = [
  ([0x80], #"\80"#), ([0xC3], #"\c3"#), ([0xC3, 0x28], #"\c3("#), ([0xC0, 0xAF], #"\c0\af"#),
  ([0xE2, 0x82], #"\e2\82"#), ([0xED, 0xA0, 0x80], #"\ed\a0\80"#),
  ([0xF4, 0x90, 0x80, 0x80], #"\f4\90\80\80"#),
  ([0xF0, 0x80, 0x80, 0x80], #"\f0\80\80\80"#), ([0xFF, 0x41], #"\ffA"#),
  ([0xE2, 0x82, 0xAC, 0xE2], #"€\e2"#),
]

private let parentTable: [(String, String?)] = [
  ("cn=a,dc=b", "dc=b"), (#"cn=a\,b,dc=c"#, "dc=c"), (#"cn=a\\,dc=c"#, "dc=c"), (#"cn="a,b", dc=c"#, "dc=c"),
  ("cn=a;dc=b", "dc=b"), ("dc=b", ""), ("", nil),
]
