import LDAPModel
import Testing

struct FilterTests {
  @Test(arguments: readsTable)
  func reads(_ text: String, _ expected: Filter) throws {
    #expect(try Filter(parsing: text) == expected)
    #expect(try Filter(parsing: expected.description) == expected)
  }

  @Test(arguments: escapesTable)
  func escapes(_ value: String, _ expected: String) throws {
    let filter = Filter.equal("cn", AttributeValue(value))
    #expect(filter.description == expected)
    #expect(try Filter(parsing: expected) == filter)
  }

  @Test func escapesWhatIsNoText() {
    #expect(Filter.equal("o", AttributeValue(bytes: [0xFF, 0xC3, 0x41])).description == #"(o=\ff\c3A)"#)
  }

  /// A name within a filter is escaped for both.
  @Test func aNameWithinAFilter() {
    let member = DistinguishedName([.init("cn", "a*b,(c)\\"), .init("dc", "x")])
    #expect(
      Filter.equal("member", AttributeValue(member.text)).description
        == #"(member=cn=a\2ab\5c,\28c\29\5c\5c,dc=x)"#)
  }

  @Test(arguments: refusesTable)
  func refuses(_ text: String, _ reason: String) {
    let error = #expect(throws: InvalidFilter.self) { try Filter(parsing: text) }
    #expect(error?.reason.contains(reason) == true, "\(error?.reason ?? "none")")
  }

  @Test func nestingHasALimit() throws {
    let nested = { (depth: Int) in
      String(repeating: "(!", count: depth) + "(cn=a)" + String(repeating: ")", count: depth)
    }
    _ = try Filter(parsing: nested(50))
    #expect(throws: InvalidFilter.self) { try Filter(parsing: nested(100_000)) }
  }

  @Test(arguments: 0..<64)
  func printThenParseIsIdentity(seed: UInt64) throws {
    var random = RandomModel(seed: seed)
    for _ in 0..<50 {
      let filter = random.filter()
      #expect(try Filter(parsing: filter.description) == filter)
    }
  }

  /// Whatever the value, it cannot end its assertion: only the parentheses and signs around it are bare.
  @Test(arguments: 0..<64)
  func aValueHasNoBareSpecials(seed: UInt64) throws {
    var random = RandomModel(seed: seed)
    for _ in 0..<50 {
      let text = Array(Filter.equal("cn", random.value()).description.utf8)
      #expect(text.starts(with: "(cn=".utf8) && text.last == UInt8(ascii: ")"))
      let value = text.dropFirst(4).dropLast()
      #expect(!value.contains { "*()\0".utf8.contains($0) || $0 < 0x20 })
      for (index, octet) in zip(value.indices, value) where octet == UInt8(ascii: "\\") {
        let digits = value[value.index(after: index)...].prefix(2)
        #expect(digits.count == 2 && digits.allSatisfy { "0123456789abcdef".utf8.contains($0) })
      }
    }
  }
}

/// RFC 4515 section 4, RFC 4526, and spellings that libldap takes.
private let readsTable: [(String, Filter)] = [
  ("(cn=Babs Jensen)", .equal("cn", "Babs Jensen")),
  ("(!(cn=Tim Howes))", .not(.equal("cn", "Tim Howes"))),
  (
    "(&(objectClass=Person)(|(sn=Jensen)(cn=Babs J*)))",
    .and([
      .equal("objectClass", "Person"),
      .or([.equal("sn", "Jensen"), .substrings("cn", initial: "Babs J", any: [], final: nil)]),
    ])
  ),
  ("(o=univ*of*mich*)", .substrings("o", initial: "univ", any: ["of", "mich"], final: nil)),
  ("(seeAlso=)", .equal("seeAlso", "")),
  (
    "(cn:caseExactMatch:=Fred Flintstone)",
    .extensible("cn", rule: "caseExactMatch", dn: false, "Fred Flintstone")
  ),
  ("(cn:=Betty Rubble)", .extensible("cn", rule: nil, dn: false, "Betty Rubble")),
  ("(sn:dn:2.4.6.8.10:=Barney Rubble)", .extensible("sn", rule: "2.4.6.8.10", dn: true, "Barney Rubble")),
  ("(o:dn:=Ace Industry)", .extensible("o", rule: nil, dn: true, "Ace Industry")),
  ("(:1.2.3:=Wilma Flintstone)", .extensible(nil, rule: "1.2.3", dn: false, "Wilma Flintstone")),
  ("(:DN:2.4.6.8.10:=Dino)", .extensible(nil, rule: "2.4.6.8.10", dn: true, "Dino")),
  (
    #"(o=Parens R Us \28for all your parenthetical needs\29)"#,
    .equal("o", "Parens R Us (for all your parenthetical needs)")
  ),
  (#"(cn=*\2A*)"#, .substrings("cn", initial: nil, any: ["*"], final: nil)),
  (#"(filename=C:\5cMyFile)"#, .equal("filename", #"C:\MyFile"#)),
  (#"(bin=\00\00\00\04)"#, .equal("bin", AttributeValue(bytes: [0, 0, 0, 4]))),
  (#"(sn=Lu\c4\8di\c4\87)"#, .equal("sn", "Lučić")),
  (
    #"(1.3.6.1.4.1.1466.0=\04\02\48\69)"#,
    .equal("1.3.6.1.4.1.1466.0", AttributeValue(bytes: [4, 2, 0x48, 0x69]))
  ),
  ("(&)", .and([])), ("(|)", .or([])),
  ("(cn=*)", .present("cn")), ("(cn=*a)", .substrings("cn", initial: nil, any: [], final: "a")),
  ("(cn>=a)", .greaterOrEqual("cn", "a")), ("(cn<=a)", .lessOrEqual("cn", "a")),
  ("(cn~=a)", .approximate("cn", "a")),
  ("(userCertificate;binary=*)", .present("userCertificate;binary")),
  ("objectClass=person", .equal("objectClass", "person")),
  (" ( & (a=1) (b=2) ) ", .and([.equal("a", "1"), .equal("b", "2")])),
  ("( ! (a= 1 ))", .not(.equal("a", " 1 "))), ("(a=b=c)", .equal("a", "b=c")),
]

private let escapesTable: [(String, String)] = [
  ("a,b", "(cn=a,b)"), ("#hash", "(cn=#hash)"), (" lead", "(cn= lead)"), ("trail ", "(cn=trail )"),
  ("qu\"ote", "(cn=qu\"ote)"), ("back\\slash", #"(cn=back\5cslash)"#), ("ümläüt", "(cn=ümläüt)"),
  ("日本語", "(cn=日本語)"),
  ("*()", #"(cn=\2a\28\29)"#), ("\0", #"(cn=\00)"#), ("\\00", #"(cn=\5c00)"#), ("a\nb", #"(cn=a\0ab)"#),
  ("x)(uid=*", #"(cn=x\29\28uid=\2a)"#), ("", "(cn=)"),
]

private let refusesTable: [(String, String)] = [
  ("", "=, >="), ("(", "=, >="), ("()", "=, >="), ("(cn=a", ") is missing"), ("(cn=a))", "has ended"),
  ("(cn)", "=, >="),
  ("(cn=a)(sn=b)", "has ended"), ("(!)", "( is missing"), ("(!(a=1)(b=2))", ") is missing"),
  ("(&(a=1)b)", ") is missing"),
  ("(=a)", "name is missing"), ("(cn=(a)", "escaped"), (#"(cn=\)"#, "two hex"), (#"(cn=\2)"#, "two hex"),
  (#"(cn=\zz)"#, "two hex"), ("(cn=a\0)", "escaped"), ("(cn=a**b)", "between two"), ("(cn>=a*)", "asterisk"),
  ("(cn>a)", ">= is expected"), ("(c n=a)", "=, >="), ("(:=a)", "a matching rule is missing"),
  ("(:dn:=a)", "a matching rule is missing"),
  ("(cn:a:b:=c)", ":= is missing"), ("(cn:=a*)", "asterisk"), ("(-cn=a)", "no attribute's name"),
  ("(ü=a)", "=, >="),
]
