import LDAPModel
import Testing

struct DistinguishedNameIdentityTests {
  @Test(arguments: areTheSameTable)
  func areTheSame(_ one: String, _ other: String) {
    let (one, other) = (DistinguishedName(unchecked: one), DistinguishedName(unchecked: other))
    #expect(one.normalized(.builtin) == other.normalized(.builtin))
    #expect(one.isEquivalent(to: other, .builtin))
  }

  @Test(arguments: areNotTheSameTable)
  func areNotTheSame(_ one: String, _ other: String) {
    let (one, other) = (DistinguishedName(unchecked: one), DistinguishedName(unchecked: other))
    #expect(one.normalized(.builtin) != other.normalized(.builtin))
    #expect(!one.isEquivalent(to: other, .builtin))
  }

  @Test func canonicalText() {
    let name: DistinguishedName = ##"CN=A\,b+SN=\#C,  commonName="  x  Y ",homeDirectory=/Home\20,DC=Com"##
    #expect(name.normalized(.builtin) == #"cn=a\2cb+sn=\23c,cn=x y,homedirectory=/Home,dc=com"#)
  }

  /// The fast path may only give what parsing would: the schema's other spellings force the slow one.
  @Test(arguments: [
    "uid=Jdoe,ou=Users,dc=Example,dc=com", "cn=a,cn=B b,cn=c-d.e_f(g)*'/:?@!", "cn=a#b=c", "CN=x",
  ])
  func fastAndSlowPathsAgree(_ text: String) {
    let slow = text.replacing("cn=", with: "2.5.4.3=").replacing("uid=", with: "0.9.2342.19200300.100.1.1=")
    #expect(
      DistinguishedName(unchecked: text).normalized(.builtin)
        == DistinguishedName(unchecked: slow).normalized(.builtin))
    #expect(DistinguishedName(unchecked: text).normalized(.builtin) == text.lowercased())
  }

  @Test func theCaseOfAnExactAttributeStays() {
    let schema = Schema(
      attributeTypes: [
        "( 1.1 NAME ( 'uid' 'userid' ) EQUALITY caseExactMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )",
        "( 1.2 NAME 'dc' EQUALITY caseIgnoreIA5Match SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 )",
      ], objectClasses: [])
    #expect(DistinguishedName("UID=Jdoe,DC=Example").normalized(schema) == "uid=Jdoe,dc=example")
    #expect(DistinguishedName("userid=Jdoe,DC=Example").normalized(schema) == "uid=Jdoe,dc=example")
  }

  @Test(arguments: 0..<64)
  func normalizedIsIdempotentAndAName(seed: UInt64) throws {
    var random = RandomModel(seed: seed)
    for _ in 0..<100 {
      let name = random.name()
      let canonical = DistinguishedName(unchecked: name.normalized(.builtin))
      #expect(canonical.normalized(.builtin).utf8.elementsEqual(canonical.text.utf8))
      #expect(try canonical.relativeNames().count == name.relativeNames().count)
    }
  }

  /// Another spelling of the same name: escapes as pairs, spaces, the order of parts, type names.
  @Test(arguments: 0..<32)
  func spellingDoesNotCount(seed: UInt64) throws {
    var random = RandomModel(seed: seed)
    for _ in 0..<50 {
      let names = random.list(1...4) { $0.relativeName() }
      let spelling = names.map { name in
        name.parts.reversed().map { part in
          let value = part.value.bytes.map { "\\" + String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }
          let text = part.isBER ? "#" + value.joined().replacing("\\", with: "") : value.joined()
          return " \(part.type.uppercased()) = \(text) "
        }.joined(separator: "+")
      }.joined(separator: ";")
      #expect(
        DistinguishedName(names).isEquivalent(to: try .init(parsing: spelling), .builtin), "\(spelling)")
    }
  }

  @Test(arguments: belowTable)
  func below(_ name: String, _ base: String, _ expected: Bool) {
    #expect(
      DistinguishedName(unchecked: name).isBelow(.init(unchecked: base), .builtin) == expected)
  }

  @Test(arguments: 0..<16)
  func aChildIsBelow(seed: UInt64) {
    var random = RandomModel(seed: seed)
    for _ in 0..<50 {
      let name = random.name()
      let child = name.child(random.relativeName())
      #expect(child.isBelow(name, .builtin))
      #expect(child.child(random.relativeName()).isBelow(name, .builtin))
      #expect(!name.isBelow(child, .builtin))
      #expect(!name.isBelow(name, .builtin))
    }
  }
}

private let areTheSameTable: [(String, String)] = [
  ("uid=jdoe,dc=example", "UID=JDoe,DC=EXAMPLE"),
  ("uid=jdoe,dc=example", "uid = jdoe , dc=example"),
  ("cn=a b,dc=x", #"CN=\20A   b\20,dc=x"#),
  ("cn=a,dc=x", "cn=a ,dc=x"),
  ("cn=a", "cn=a "),
  ("cn=x", "commonName=X"),
  ("cn=x", "2.5.4.3=X"),
  ("cn=x", "OID.2.5.4.3=x"),
  ("cn=hi", "cn=#04024869"),
  ("cn=hi", "cn=#0c024869"),
  ("cn=hi", "cn=#1381024869"),
  (#"cn=a\,b"#, #"cn=a\2cb"#),
  (#"cn=a\,b"#, #"cn="A,B""#),
  ("cn=a+sn=b", "SN=b+cn=A"),
  ("cn=a+cn=b", "cn=b+cn=a"),
  ("cn=\u{FC}ml", "cn=U\u{308}ML"),
  ("cn=\u{C5}", "cn=\u{212B}"),
  ("cn=a b", "cn=a\u{A0}b"),
  (#"telephoneNumber=\+4912"#, #"telephoneNumber=\+49 1-2"#),
  ("uidNumber=7", "uidNumber=007"),
  ("member=cn\\=a\\,dc\\=b", #"member=CN = a\, DC = B"#),
  ("entryUUID=0A", "entryuuid=0a"),
  ("x-unknown=a", "X-Unknown=A"),
]

private let areNotTheSameTable: [(String, String)] = [
  ("cn=a", "cn=b"), ("cn=a", "sn=a"), ("cn=a b", "cn=ab"), ("cn=a,dc=b", "dc=b,cn=a"),
  (#"cn=a\,dc=b"#, "cn=a,dc=b"),
  ("cn=a+sn=b", "cn=a,sn=b"), (#"cn=a\+sn=b"#, "cn=a+sn=b"), (##"cn=\#04024869"##, "cn=#04024869"),
  ("homeDirectory=/a", "homeDirectory=/A"), ("cn=a+sn=b", "cn=b+sn=a"), ("cn=u", "cn=ü"), ("", "cn="),
  ("userPassword=a", "userPassword=A"), (#"cn=a\00"#, "cn=a"), (#"cn=\ff"#, #"cn=\fe"#),
  ("cn=#0500", "cn=#0501"), (#"cn=hi\00"#, "cn=#0402486900"),
  ("no name", "cn=no name"), ("no name", "NO NAME"),
]

private let belowTable: [(String, String, Bool)] = [
  ("uid=a,dc=x", "DC=X", true), ("uid=a,ou=b,dc=x", "dc=x", true), ("dc=x", "dc=x", false),
  ("DC=X", "dc=x", false), ("uid=a,dc=xx", "dc=x", false), ("uid=a,dc=yx", "dc=x", false),
  (#"uid=a\,dc=x"#, "dc=x", false), ("uid=ax", "x", false), ("dc=x", "uid=a,dc=x", false), ("dc=x", "", true),
  ("", "", false), ("uid=a,ou=b\\, c,dc=x", #"OU="b,   C",DC=x"#, true),
  ("uid=a,ou=b\\, c,dc=x", #"OU="b,C",DC=x"#, false),
]
