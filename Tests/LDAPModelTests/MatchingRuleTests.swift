import LDAPModel
import Testing

struct MatchingRuleTests {
  @Test(arguments: sameTable)
  func same(_ rule: MatchingRule, _ one: String, _ other: String) {
    #expect(rule.matches(AttributeValue(one), AttributeValue(other)))
  }

  @Test(arguments: differentTable)
  func different(_ rule: MatchingRule, _ one: String, _ other: String) {
    #expect(!rule.matches(AttributeValue(one), AttributeValue(other)))
  }

  @Test(
    arguments: [
      (.caseIgnore, "  Foo   BAR ", "foo bar"), (.caseExact, "  Foo   BAR ", "Foo BAR"),
      (.caseIgnore, "   ", ""),
      (.caseIgnore, "already plain", "already plain"), (.telephoneNumber, "+49 (0) 30-12 34", "+49(0)301234"),
      (.numericString, " 12 34 ", "1234"), (.integer, "-007", "-7"), (.integer, "-0", "0"),
      (.boolean, "true", "TRUE"),
      (.generalizedTime, "20240229120000+0130", "20240229103000Z"), (.objectIdentifier, "2.5.6.6", "person"),
      (.objectIdentifier, "userid", "uid"), (.objectIdentifier, "Unknown", "unknown"),
      (.uuid, "F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"),
      (.distinguishedName, "CN=A\\2CB, DC=X", #"cn=a\2cb,dc=x"#),
      (.distinguishedName, "CN=A#'0101'B", "cn=a#'0101'B"),
      (.octetString, " A ", " A "), (.none, " A ", " A "),
    ] as [(MatchingRule, String, String)])
  func canonical(_ rule: MatchingRule, _ value: String, _ expected: String) {
    #expect(rule.normalize(AttributeValue(value)) == AttributeValue(expected))
  }

  @Test func octetsThatAreNoText() {
    let rule = MatchingRule.caseIgnore
    #expect(rule.normalize(AttributeValue(bytes: [0x41, 0xFF, 0x20, 0x20])).bytes == [0x61, 0xFF])
    #expect(!rule.matches(AttributeValue(bytes: [0xFF]), AttributeValue(bytes: [0xFE])))
    #expect(MatchingRule.octetString.normalize(AttributeValue(bytes: [0, 0xFF])).bytes == [0, 0xFF])
  }

  @Test(arguments: MatchingRule.allCases)
  func normalizeIsIdempotent(_ rule: MatchingRule) {
    var random = RandomModel(seed: 7)
    for value in awkwardTexts.map({ AttributeValue($0) }) + random.list(2000...2000, { $0.value() }) {
      let once = rule.normalize(value)
      #expect(rule.normalize(once) == once, "\(value.debugDescription)")
    }
  }

  /// Every character alone, so that case folding and composition cannot disturb each other.
  @Test(arguments: [MatchingRule.caseIgnore, .caseExact])
  func everyCharacterNormalizesOnce(_ rule: MatchingRule) {
    for scalar in (UInt32(0)...0x1FFFF).lazy.compactMap(Unicode.Scalar.init) {
      let once = rule.normalize(AttributeValue(String(scalar)))
      if rule.normalize(once) != once { Issue.record("U+\(String(scalar.value, radix: 16))") }
    }
  }

  @Test(
    arguments: [
      ("2024010112Z", "20240101120000Z"), ("202401011230Z", "20240101123000Z"),
      ("20240101123045Z", "20240101123045Z"),
      ("20240101123045.5Z", "20240101123045.5Z"), ("20240101123045,500Z", "20240101123045.5Z"),
      ("20240101123045.000Z", "20240101123045Z"), ("2024010112.5Z", "20240101123000Z"),
      ("202401011230.25Z", "20240101123015Z"),
      ("2024010112.0001Z", "20240101120000.36Z"), ("20240101003000+01", "20231231233000Z"),
      ("20231231233000-0100", "20240101003000Z"), ("20240228233000-0045", "20240229001500Z"),
      ("20230228233000-0045", "20230301001500Z"), ("19000301000000+0001", "19000228235900Z"),
      ("20000301000000+0001", "20000229235900Z"), ("19691231235959Z", "19691231235959Z"),
      ("00000101000000Z", "00000101000000Z"),
      ("20161231235960Z", "20170101000000Z"), ("000001010000Z", "00000101000000Z"),
      (" 2024010112z ", "20240101120000Z"),
      // Not times: they stand for themselves.
      ("2024010112", "2024010112"), ("20240230120000Z", "20240230120000Z"),
      ("20241301120000Z", "20241301120000Z"),
      ("2024010125Z", "2024010125Z"), ("202401011260Z", "202401011260Z"),
      ("20240101120000.Z", "20240101120000.Z"),
      ("20240101120000+25", "20240101120000+25"), ("20240101120000Zx", "20240101120000Zx"), ("", ""),
      ("00000101000000+0001", "00000101000000+0001"), ("99991231235959-0001", "99991231235959-0001"),
      ("2024010112.1234567890123456Z", "2024010112.1234567890123456Z"),
    ] as [(String, String)])
  func generalizedTime(_ value: String, _ expected: String) {
    #expect(MatchingRule.generalizedTime.normalize(AttributeValue(value)) == AttributeValue(expected))
  }

  /// Walks days forward with the calendar's plain rules and compares with the arithmetic on offsets.
  @Test func everyDayFollowsItsDayBefore() {
    let lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    func text(_ year: Int, _ month: Int, _ day: Int) -> String {
      [(year, 4), (month, 2), (day, 2)].map { value, width in
        String(repeating: "0", count: width - String(value).count) + String(value)
      }.joined()
    }
    var previous = text(1896, 2, 27)
    var (year, month, day) = (1896, 2, 28)
    while year < 2104 {
      let current = text(year, month, day)
      let late = AttributeValue(previous + "230000-0200")
      #expect(MatchingRule.generalizedTime.normalize(late) == AttributeValue(current + "010000Z"))
      let early = AttributeValue(current + "010000+0200")
      #expect(MatchingRule.generalizedTime.normalize(early) == AttributeValue(previous + "230000Z"))
      previous = current
      let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
      day += 1
      if day > lengths[month - 1] + (month == 2 && isLeap ? 1 : 0) { (month, day) = (month + 1, 1) }
      if month > 12 { (year, month) = (year + 1, 1) }
    }
  }
}

private let sameTable: [(MatchingRule, String, String)] = [
  (.caseIgnore, "Foo", "fOO"), (.caseIgnore, "a b", " A  b "), (.caseIgnore, "a b", "a\tb"),
  (.caseIgnore, "a b", "a\u{A0}b"),
  (.caseIgnore, "a b", "a\u{3000} b"), (.caseIgnore, "ÜMLÄUT", "ümläut"), (.caseIgnore, "u\u{308}", "Ü"),
  (.caseIgnore, "", " "),
  (.caseIgnore, "ΣΑΣ", "σασ"), (.caseIgnore, "\u{212B}", "å"), (.caseIgnore, "\u{1E69}", "s\u{307}\u{323}"),
  (.caseIgnore, "ДА", "да"),
  (.caseExact, "a  b", "a b"), (.caseExact, "u\u{308}", "ü"), (.telephoneNumber, "+49 30-1", "+49301"),
  (.telephoneNumber, "1\u{2011}2", "12"), (.numericString, "1 2", "12"), (.integer, "+7", "+7"),
  (.integer, "007", " 7"),
  (.boolean, "TRUE", "True"), (.generalizedTime, "2024010112Z", "20240101130000+0100"),
  (.distinguishedName, "uid=A,dc=X", "UID=a, DC=x"), (.objectIdentifier, "inetOrgPerson", "INETORGPERSON"),
  (.objectIdentifier, "cn", "2.5.4.3"), (.uuid, "A", "a"),
]

private let differentTable: [(MatchingRule, String, String)] = [
  (.caseIgnore, "a b", "ab"), (.caseIgnore, "u", "ü"), (.caseIgnore, "a", "b"),
  (.caseIgnore, "a\u{200D}b", "ab"),
  (.caseIgnore, "a\0", "a"), (.caseIgnore, "1-2", "12"), (.caseExact, "Foo", "foo"), (.caseExact, "Ü", "ü"),
  (.octetString, "a", "A"), (.octetString, "a", "a "), (.octetString, "u\u{308}", "ü"), (.none, "a", "A"),
  (.telephoneNumber, "1", "2"),
  (.integer, "7", "-7"), (.integer, "7", "70"),
  (.integer, "99999999999999999999999", "9999999999999999999999"),
  (.boolean, "TRUE", "FALSE"), (.generalizedTime, "2024010112Z", "2024010112.1Z"),
  (.distinguishedName, "uid=a,dc=x", "dc=x,uid=a"),
  (.distinguishedName, "cn=a#'0'B", "cn=a#'1'B"), (.objectIdentifier, "cn", "sn"),
]
