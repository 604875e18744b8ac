import LDAPModel
import RollcallAdministration
import RollcallCore
import Testing

@testable import RollcallConfiguration

/// What `rollcall init` makes of what a directory looks like.
@Suite struct PlaceProposalTests {
  private typealias Place = DirectoryPicture.Place

  private func propose(
    _ picture: DirectoryPicture, _ facts: TableFacts = ProposalTests.facts(ProposalTests.seed),
    _ change: (inout InitWishes) -> Void = { _ in }
  ) throws -> (Configuration, String) {
    var wishes = ProposalTests.wishes
    change(&wishes)
    let proposal = Proposal(facts, picture, wishes)
    let text = try #require(proposal.text, "\(proposal.shortcomings)")
    return (try ProposalTests.read(text), ProposalTests.flat(text))
  }

  private func dn(_ text: String) -> DistinguishedName { DistinguishedName(unchecked: text) }

  @Test func theBaseIsWhereMostPeopleAre() throws {
    var picture = ProposalTests.picture(.openldap, ["ou=users,dc=example,dc=com", "ou=staff,dc=example,dc=com"])
    picture.people = [
      Place(dn("ou=users,dc=example,dc=com"), count: 2, naming: ["uid": 2]),
      Place(
        dn("ou=staff,dc=example,dc=com"), count: 5, naming: ["cn": 4, "uid": 1],
        classes: ["inetorgperson": 5, "person": 5, "sambasamaccount": 4], linked: ["employeenumber": 3]),
    ]
    let (found, text) = try propose(picture)
    #expect(found.users.base.text == "ou=staff,dc=example,dc=com" && found.users.naming == "cn")
    #expect(text.contains("3 entries have it already") && text.contains("2 entries there without a key"))
    #expect(text.contains("also have sambasamaccount"))
    let (flagged, _) = try propose(picture) {
      $0.base = "ou=users,dc=example,dc=com"
      $0.naming = "uid"
      $0.link = "employeeType"
    }
    #expect(flagged.users.base.text == "ou=users,dc=example,dc=com")
    #expect(flagged.users.naming == "uid" && flagged.users.link == "employeeType")
  }

  @Test(arguments: [
    (["ou=people,dc=example,dc=com", "ou=x,dc=example,dc=com"], "ou=people,dc=example,dc=com"),
    (["ou=Mitarbeiter,o=de,dc=example,dc=com"], "ou=Mitarbeiter,o=de,dc=example,dc=com"),
    (["ou=x,dc=example,dc=com"], "ou=users,dc=example,dc=com"),
  ])
  func anEmptyDirectory(_ units: [String], _ expected: String) throws {
    let proposal = Proposal(
      ProposalTests.facts(ProposalTests.seed), ProposalTests.picture(.openldap, units), ProposalTests.wishes)
    #expect(proposal.base?.text == expected)
    #expect(proposal.baseExists == units.contains(expected))
  }

  @Test func aSlapdWithoutPpolicyMarksAndSaysWhatThatIsWorth() throws {
    var picture = ProposalTests.picture()
    picture.disables = false
    let (found, text) = try propose(picture)
    #expect(found.users.disable.map(\.attribute) == ["employeeType"])
    #expect(text.contains("THE MARK KEEPS NOBODY FROM LOGGING IN"))
    // Without a condition nobody is disabled.
    let columns = ProposalTests.seed.filter { $0.name != "status" }
    let (other, _) = try propose(picture, ProposalTests.facts(columns))
    #expect(other.users.disable.isEmpty)
  }

  @Test func activeDirectory() throws {
    let attributes = [
      "cn", "sn", "givenName", "sAMAccountName", "userPrincipalName", "displayName", "mail", "employeeNumber",
      "employeeID",
    ].enumerated().map { "( 1.2.3.\($0) NAME '\($1)' SYNTAX '1.3.6.1.4.1.1466.115.121.1.15' SINGLE-VALUE )" }
    let schema = Schema(
      attributeTypes: attributes, objectClasses: ["( 1.2.4.1 NAME 'user' STRUCTURAL MUST cn )"])
    var picture = ProposalTests.picture(.activeDirectory, ["OU=Staff,DC=example,DC=com"])
    picture.suffixes = [dn("DC=example,DC=com")]
    picture.schema = schema
    picture.indexed = ["employeeid"]
    let (found, _) = try propose(picture)
    #expect(found.users.base.text == "OU=Staff,DC=example,DC=com" && found.users.classes == ["user"])
    #expect(found.users.naming == "cn" && found.users.link == "employeeID")
    #expect(
      found.users.attributes.map { "\($0.attribute): \($0.expression)" } == [
        "cn: full_name", "sAMAccountName: username", "userPrincipalName: username || '@example.com'",
        "displayName: full_name", "sn: split_part(trim(full_name), ' ', -1)", "mail: email",
      ])
    // A link without an index is told with what makes one.
    picture.indexed = []
    let (_, text) = try propose(picture)
    #expect(text.contains("It has no equality index yet: set bit 1 of searchFlags"))
  }

  // MARK: Groups

  private var withGroups: DirectoryPicture {
    ProposalTests.picture(.openldap, ["ou=users,dc=example,dc=com", "ou=groups,dc=example,dc=com"])
  }

  @Test func groupsOfAnArray() throws {
    let facts = ProposalTests.facts(ProposalTests.seed + [TableFacts.Column("roles", .texts)])
    let (found, _) = try propose(withGroups, facts)
    #expect(found.groups?.membership == "roles" && found.groups?.base.text == "ou=groups,dc=example,dc=com")
    let (without, _) = try propose(withGroups, facts) { $0.groups = false }
    #expect(without.groups == nil)
    // Without a place for them the section is there as a comment.
    let (nowhere, text) = try propose(ProposalTests.picture(), facts)
    #expect(nowhere.groups == nil && text.contains("groups:   base: ou=groups,dc=example,dc=com"))
  }

  @Test func groupsOfAJoinTable() throws {
    var facts = ProposalTests.facts(ProposalTests.seed)
    facts.memberships = [.init(table: "public.user_roles", person: "user_id", group: "role")]
    var picture = withGroups
    picture.groups = [Place(dn("ou=groups,dc=example,dc=com"), count: 3, classes: ["groupofuniquenames": 3])]
    let (found, _) = try propose(picture, facts)
    #expect(
      found.groups?.membership
        == "ARRAY(SELECT m.role::text FROM public.user_roles AS m WHERE m.user_id = roster.id)")
    #expect(found.groups?.member == "uniqueMember" && found.groups?.classes == ["groupOfUniqueNames"])
    #expect(found.source.watch.map(\.key) == ["user_id"])
    // Names in a third table cannot be watched, so the section is a comment that says why.
    facts.memberships = [
      .init(
        table: "public.user_roles", person: "user_id", group: "role_id",
        names: (table: "public.roles", key: "id", name: "name"))
    ]
    let (third, text) = try propose(picture, facts)
    #expect(third.groups == nil && third.source.watch.isEmpty && text.contains("cannot be watched"))
  }
}
