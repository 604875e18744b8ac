import LDAPModel
import Testing

@testable import RollcallAdministration
@testable import RollcallEngine

/// What `olcSizeLimit` and `olcLimits` let one account see (slapd-config(5), slapd.conf(5)).
@Suite struct SlapdSizeLimitTests {
  private static let account = "cn=rollcall,dc=example,dc=com"

  private static func entry(_ dn: String, _ values: [String: [String]]) -> Entry {
    var entry = Entry(DistinguishedName(unchecked: dn))
    entry.attributes = values.map { Attribute($0.key, $0.value.map { AttributeValue($0) }) }
    return entry
  }

  @Test(
    arguments: [
      ("500", nil, [], SlapdSizeLimit.entries(500)),
      (nil, nil, [], .entries(500)),
      ("unlimited", nil, [], .unlimited),
      ("500", "1000", [], .entries(1000)),
      ("500", "size.soft=100 size.hard=900", [], .entries(900)),
      ("500", "size.soft=100 size.hard=soft", [], .entries(100)),
      ("500", "size.soft=100 size.prtotal=unlimited", [], .unlimited),
      ("500", "size.soft=100 size.hard=900 size.prtotal=hard", [], .entries(900)),
      ("500", nil, ["{0}dn.exact=cn=rollcall,dc=example,dc=com size=unlimited"], .unlimited),
      ("500", nil, ["{0}dn.exact=\"cn=Rollcall,dc=example,dc=com\" time.soft=9 size.soft=7"], .entries(7)),
      ("500", nil, ["{0}dn.exact=cn=other,dc=example,dc=com size=unlimited"], .entries(500)),
      ("500", nil, ["{0}anonymous size=1", "{1}users size=2000"], .entries(2000)),
      ("500", nil, ["{0}* time=1"], .entries(500)),
      ("500", nil, ["{0}dn.subtree=dc=example,dc=com size=2000"], nil),
    ] as [(String?, String?, [String], SlapdSizeLimit?)])
  func limits(_ frontend: String?, _ own: String?, _ rules: [String], _ expected: SlapdSizeLimit?) {
    var database = ["olcDatabase": ["{1}mdb"], "olcSuffix": ["dc=Example,dc=com"], "olcLimits": rules]
    database["olcSizeLimit"] = own.map { [$0] }
    var front = ["olcDatabase": ["{-1}frontend"]]
    front["olcSizeLimit"] = frontend.map { [$0] }
    let found = SlapdSizeLimit.find(
      in: [
        Self.entry("cn=config", [:]), Self.entry("olcDatabase={-1}frontend,cn=config", front),
        Self.entry("olcDatabase={1}mdb,cn=config", database),
      ], base: "ou=users,dc=example,dc=com", account: Self.account)
    #expect(found == expected)
  }

  @Test func nothingIsSaidOfAnotherServersBase() {
    let other = Self.entry("olcDatabase={1}mdb,cn=config", ["olcSuffix": ["dc=other"], "olcSizeLimit": ["5"]])
    #expect(SlapdSizeLimit.find(in: [other], base: "ou=users,dc=example,dc=com", account: Self.account) == nil)
    #expect(SlapdSizeLimit.find(in: [], base: "ou=users,dc=example,dc=com", account: Self.account) == nil)
  }
}
