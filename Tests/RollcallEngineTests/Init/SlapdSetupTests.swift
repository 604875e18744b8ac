import LDAPModel
import PageBlocks
import RollcallAdministration
import Testing

/// The LDIF of `rollcall init` is that of the page Servers, and only what is missing.
@Suite struct SlapdSetupTests {
  private static let setup = SlapdSetup(
    base: DistinguishedName(unchecked: "ou=users,dc=example,dc=com"),
    account: DistinguishedName(unchecked: "cn=rollcall,dc=example,dc=com"),
    suffix: DistinguishedName(unchecked: "dc=example,dc=com"), link: "employeeNumber")

  @Test("the program and the page have the same LDIF")
  func asOnThePage() throws {
    let blocks = try Page.named("Servers").blocks.filter { $0.language == "ldif" && $0.section == "OpenLDAP" }
    let parts: [[SlapdSetup.Part]] = [
      [.base, .account], [.access, .index, .limits], [.module, .overlay, .policies, .policy],
    ]
    #expect(blocks.map(\.text) == parts.map { Self.setup.ldif($0) })
    #expect(parts.flatMap { $0 }.sorted { "\($0)" < "\($1)" } == SlapdSetup.Part.allCases.sorted { "\($0)" < "\($1)" })
  }

  @Test("each part is LDIF, whatever characters the names have", arguments: SlapdSetup.Part.allCases)
  func hostile(_ part: SlapdSetup.Part) throws {
    let base = "ou=a\\, \\\"b\\\" \u{e9},dc=example,dc=com"
    let setup = SlapdSetup(
      base: DistinguishedName(unchecked: base),
      account: DistinguishedName(unchecked: "cn=r\\2C \u{fc},dc=example,dc=com"),
      suffix: DistinguishedName(unchecked: "dc=example,dc=com"), link: "employeeNumber")
    let records = try LDIF.parse(setup.ldif([part]))
    #expect(records.count == 1)
    if part == .access, case .change(.modify(_, let changes)) = try #require(records.first) {
      let rules = changes.flatMap(\.values).compactMap(\.text)
      // slapd takes a backslash within quotation marks away.
      #expect(rules.count == 3 && rules[2].contains(#"dn.base="ou=a\\, \\\"b\\\" \#u{e9},dc=example,dc=com""#))
    }
  }

  private func entry(_ dn: String, _ attributes: (String, [String])...) -> Entry {
    Entry(DistinguishedName(unchecked: dn), attributes.map { Attribute($0, $1.map { AttributeValue($0) }) })
  }

  /// As the package slapd leaves it.
  private var debian: [Entry] {
    [
      entry("cn=config"), entry("cn=module{0},cn=config", ("olcModuleLoad", ["{0}back_mdb"])),
      entry("olcDatabase={-1}frontend,cn=config", ("olcDatabase", ["{-1}frontend"]), ("olcSizeLimit", ["500"])),
      entry(
        "olcDatabase={1}mdb,cn=config", ("olcDatabase", ["{1}mdb"]), ("olcSuffix", ["dc=example,dc=com"]),
        ("olcRootDN", ["cn=admin,dc=example,dc=com"]), ("olcDbIndex", ["objectClass eq", "cn,uid eq"]),
        ("olcAccess", ["{0}to attrs=userPassword by self write by anonymous auth by * none", "{1}to * by * read"])),
    ]
  }

  private func needs(_ configuration: [Entry], _ there: Set<String> = []) throws -> SlapdNeeds {
    try #require(SlapdNeeds(Self.setup, configuration, isThere: { there.contains($0.text) }, .builtin))
  }

  @Test func aSlapdAsDebianShipsItLacksAllOfIt() throws {
    let found = try needs(debian)
    #expect(found.missing == SlapdSetup.Part.allCases && found.notes.isEmpty)
    #expect(found.administrator == "cn=admin,dc=example,dc=com")
  }

  @Test func whatIsThereIsNotAddedAgain() throws {
    var complete = debian
    complete[1] = entry("cn=module{0},cn=config", ("olcModuleLoad", ["{0}back_mdb", "{1}ppolicy.la"]))
    complete[3] = entry(
      "olcDatabase={1}mdb,cn=config", ("olcDatabase", ["{1}mdb"]), ("olcSuffix", ["dc=example,dc=com"]),
      ("olcDbIndex", ["cn,employeeNumber pres,eq"]),
      ("olcLimits", ["{0}dn.exact=\"cn=rollcall,dc=example,dc=com\" size=unlimited time=unlimited"]),
      (
        "olcAccess",
        [
          "{0}to dn.children=\"ou=users,dc=example,dc=com\" by dn.exact=\"cn=rollcall,dc=example,dc=com\" write by * read"
        ]
      ))
    complete.append(
      entry("olcOverlay={0}ppolicy,olcDatabase={1}mdb,cn=config", ("olcOverlay", ["{0}ppolicy"])))
    let there: Set = ["ou=users,dc=example,dc=com", "cn=rollcall,dc=example,dc=com"]
    #expect(try needs(complete, there).missing == [])
    // The overlay of another database is none of this one's.
    complete[4] = entry("olcOverlay={0}ppolicy,olcDatabase={2}mdb,cn=config", ("olcOverlay", ["{0}ppolicy"]))
    #expect(try needs(complete, there).missing == [.overlay, .policies, .policy])
  }

  @Test func aDatabaseThatIsNotHere() {
    let other = [
      entry("olcDatabase={1}mdb,cn=config", ("olcDatabase", ["{1}mdb"]), ("olcSuffix", ["dc=example,dc=org"]))
    ]
    #expect(SlapdNeeds(Self.setup, other, isThere: { _ in true }, .builtin) == nil)
  }
}
