import LDAPModel
import Testing

struct SchemaTests {
  private static let slapd = Schema(attributeTypes: slapdAttributeTypes, objectClasses: slapdObjectClasses)
  private static let dirsrv = Schema(attributeTypes: dirsrvAttributeTypes, objectClasses: dirsrvObjectClasses)
  private static let activeDirectory = Schema(
    attributeTypes: activeDirectoryAttributeTypes, objectClasses: activeDirectoryObjectClasses)

  @Test(arguments: [Schema.builtin, slapd, dirsrv, activeDirectory])
  func everythingIsRead(_ schema: Schema) {
    #expect(schema.unparsable == [])
  }

  @Test(
    arguments: [
      (slapd, "cn", .caseIgnore), (slapd, "CommonName", .caseIgnore), (slapd, "2.5.4.3", .caseIgnore),
      (slapd, "uidNumber", .integer), (slapd, "memberUid", .caseExact), (slapd, "userPassword", .octetString),
      (slapd, "jpegPhoto", .none), (slapd, "userCertificate;binary", .octetString),
      (slapd, "entryUUID", .uuid),
      (slapd, "uniqueMember", .distinguishedName), (slapd, "member", .distinguishedName),
      (slapd, "objectClass", .objectIdentifier),
      (slapd, "telephoneNumber", .telephoneNumber), (slapd, "x121Address", .numericString),
      (slapd, "pwdReset", .boolean),
      (slapd, "createTimestamp", .generalizedTime), (slapd, "postalAddress", .caseIgnore),
      (slapd, "entryCSN", .octetString),
      (slapd, "no-such-thing", .caseIgnore),
      (dirsrv, "nsAccountLock", .none), (dirsrv, "nsRoleDN", .none), (dirsrv, "uid", .caseIgnore),
      (dirsrv, "cn", .caseIgnore),
      (dirsrv, "nsUniqueId", .none),
      (activeDirectory, "sAMAccountName", .caseIgnore), (activeDirectory, "member", .distinguishedName),
      (activeDirectory, "userAccountControl", .integer), (activeDirectory, "objectGUID", .octetString),
      (activeDirectory, "pwdLastSet", .integer), (activeDirectory, "whenCreated", .generalizedTime),
      (activeDirectory, "isDeleted", .boolean), (activeDirectory, "dnsRoot", .caseIgnore),
      (activeDirectory, "mailAddress", .caseIgnore),
      (activeDirectory, "serviceInstanceVersion", .octetString),
      (activeDirectory, "nTSecurityDescriptor", .octetString),
      (activeDirectory, "uid", .caseIgnore), (activeDirectory, "unixHomeDirectory", .caseExact),
      (activeDirectory, "objectClass", .objectIdentifier),
    ] as [(Schema, String, MatchingRule)])
  func matchingRules(_ schema: Schema, _ attribute: String, _ rule: MatchingRule) {
    #expect(schema.matchingRule(for: attribute) == rule)
  }

  @Test func anAttributeType() throws {
    let type = try #require(SchemaTests.slapd.attributeType("SURNAME;lang-de"))
    #expect(
      type.oid == "2.5.4.4" && type.names == ["sn", "surname"] && type.canonicalName == "sn"
        && type.sup == "name")
    #expect(!type.singleValue && !type.noUserModification && !type.operational)
    #expect(type.syntax == "1.3.6.1.4.1.1466.115.121.1.15")
    #expect(SchemaTests.slapd.attributeType("uid")?.syntax == "1.3.6.1.4.1.1466.115.121.1.15")
    let entryUUID = try #require(SchemaTests.slapd.attributeType("entryuuid"))
    #expect(entryUUID.singleValue && entryUUID.noUserModification && entryUUID.operational)
    #expect(SchemaTests.activeDirectory.attributeType("memberOf")?.noUserModification == true)
    #expect(SchemaTests.slapd.attributeType("nothing") == nil)
  }

  @Test func anObjectClass() throws {
    let person = try #require(SchemaTests.slapd.objectClass("PERSON"))
    #expect(
      person.oid == "2.5.6.6" && person.sup == ["top"] && person.kind == .structural
        && person.must == ["sn", "cn"])
    #expect(SchemaTests.slapd.objectClass("top")?.kind == .abstract)
    #expect(SchemaTests.slapd.objectClass("posixAccount")?.kind == .auxiliary)
    #expect(SchemaTests.slapd.objectClass("2.16.840.1.113730.3.2.2")?.names == ["inetOrgPerson"])
    #expect(SchemaTests.slapd.objectClass("nothing") == nil)
  }

  @Test func mustAndMayFollowTheSuperclasses() {
    let schema = SchemaTests.slapd
    #expect(schema.must(classes: ["inetOrgPerson"]) == ["objectclass", "sn", "cn"])
    #expect(
      schema.must(classes: ["inetOrgPerson", "posixAccount", "unknown"]).isSuperset(of: [
        "uidnumber", "homedirectory", "uid",
      ]))
    let may = schema.may(classes: ["inetOrgPerson", "posixAccount"])
    #expect(may.isSuperset(of: ["mail", "telephonenumber", "userpassword", "loginshell"]))
    #expect(may.isDisjoint(with: ["uid", "cn", "uidnumber"]))
    #expect(
      schema.withSuperclasses(["inetOrgPerson"]).map(\.canonicalName).sorted() == [
        "inetorgperson", "organizationalperson", "person", "top",
      ])
    #expect(schema.allows("rfc822Mailbox", classes: ["inetOrgPerson"]))
    #expect(schema.allows("userCertificate;binary", classes: ["inetOrgPerson"]))
    #expect(schema.allows("entryUUID", classes: ["person"]))
    #expect(!schema.allows("uidNumber", classes: ["inetOrgPerson"]))
    #expect(schema.allows("uidNumber", classes: ["inetOrgPerson", "extensibleObject"]))
    #expect(SchemaTests.activeDirectory.must(classes: ["group"]).contains("grouptype"))
  }

  @Test(arguments: [
    ("commonName", "cn"), ("CN", "cn"), ("2.5.4.3", "cn"),
    ("userCertificate;BINARY", "usercertificate;binary"),
    ("surname;lang-DE", "sn;lang-de"), ("X-Unknown;Opt", "x-unknown;opt"), ("", ""),
  ])
  func canonicalNames(_ name: String, _ expected: String) {
    #expect(SchemaTests.slapd.canonicalName(name) == expected)
  }

  @Test func inheritanceOfRuleAndSyntaxEndsInCircles() {
    let schema = Schema(
      attributeTypes: [
        "( 1.1 NAME 'a' SUP b )", "( 1.2 NAME 'b' SUP a )", "( 1.3 NAME 'c' SUP c )",
        "( 1.4 NAME 'd' SUP missing )",
        "( 1.5 NAME 'e' SUP f )", "( 1.6 NAME 'f' SUP g SYNTAX 1.9{64} )",
        "( 1.7 NAME 'g' EQUALITY integerMatch SYNTAX 1.8 )",
      ], objectClasses: ["( 2.1 NAME 'x' SUP y MUST a )", "( 2.2 NAME 'y' SUP ( x $ y ) MAY ( a $ 1.7 ) )"])
    #expect(schema.unparsable == [])
    #expect(["a", "b", "c", "d"].map(schema.matchingRule(for:)) == [.none, .none, .none, .none])
    #expect(schema.matchingRule(for: "e") == .integer)
    #expect(schema.attributeType("e")?.syntax == "1.9")
    #expect(schema.must(classes: ["y"]) == ["a"])
    #expect(schema.may(classes: ["x"]) == ["g"])
    #expect(schema.withSuperclasses(["x", "y", "X"]).map(\.oid).sorted() == ["2.1", "2.2"])
  }

  @Test(arguments: [
    "", "(", ")", "( )", "( 1.1", "1.1 NAME 'a' )", "( 1.1 NAME 'a )", "( 1.1 NAME ( 'a' )",
    "( 1.1 NAME 'a' ) x",
    "( 1.1 NAME 'a' ) )", "( 1.1 NAME )", "( 1.1 NAME ( ( 'a' ) ) )", "( 1.1 'a' )",
    "( 'no numbers no names' )", "( word DESC 'x' )",
  ])
  func whatCannotBeReadIsListed(_ text: String) {
    let schema = Schema(attributeTypes: [text, "( 1.9 NAME 'z' )"], objectClasses: [text])
    #expect(schema.unparsable == [text, text])
    #expect(schema.attributeType("z") != nil)
  }

  @Test func theFirstDefinitionOfANameWins() {
    let schema = Schema(
      attributeTypes: [
        "( 1.1 NAME 'a' EQUALITY integerMatch )", "( 1.2 NAME ( 'b' 'A' ) EQUALITY caseExactMatch )",
      ],
      objectClasses: ["( 2.1 NAME 'c' MUST a )", "( 2.2 NAME 'C' MUST b )"])
    #expect(schema.matchingRule(for: "a") == .integer)
    #expect(schema.matchingRule(for: "b") == .caseExact)
    #expect(schema.objectClass("c")?.must == ["a"])
    #expect(schema.objectClass("C")?.must == ["a"])
  }

  @Test func spellingOfDefinitionsIsFree() throws {
    let schema = Schema(
      attributeTypes: [
        "(1.1 name('a''b')equality caseExactMatch\tsyntax'1.2'single-value X-NEW 'x' X-LIST ( 'y' 'z' ) X-BARE )",
        "( a-oid NAME 'worded' DESC 'it is (a) $ \\27test\\27' EQUALITY 2.5.13.14 SYNTAX 1.2 )",
      ], objectClasses: [])
    #expect(schema.unparsable == [])
    let type = try #require(schema.attributeType("B"))
    #expect(
      type.names == ["a", "b"] && type.equality == .caseExact && type.syntax == "1.2" && type.singleValue)
    #expect(schema.attributeType("A-OID")?.equality == .integer)
  }

  /// A server that lies may send thousands of types in a circle, and looking at each from each takes minutes.
  @Test func aLongChainOfTypesIsFollowedForAWhileOnly() {
    let types = (0..<50).map { "( 1.\($0) NAME 't\($0)' SUP t\($0 + 1) )" }
    let schema = Schema(attributeTypes: types + ["( 2.1 NAME 't50' EQUALITY caseExactMatch )"], objectClasses: [])
    #expect(schema.matchingRule(for: "t40") == .caseExact)
    #expect(schema.matchingRule(for: "t7") == .none)
  }
}
