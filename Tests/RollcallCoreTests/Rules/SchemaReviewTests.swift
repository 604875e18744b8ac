import LDAPModel
import RollcallCore
import Testing

/// What `check` finds before anything is written.
@Suite struct SchemaReviewTests {
  private func findings(
    _ dialect: any Dialect = OpenLDAP(), _ change: (inout UserRules) -> Void
  ) -> [String] {
    var rules = People.rules
    change(&rules)
    return SchemaReview.findings(rules, People.schema, dialect).map { "\($0.severity): \($0.message)" }
  }

  @Test func aGoodMapping() {
    #expect(findings { _ in } == [])
    #expect(
      findings {
        $0.createOnly = ["loginShell"]
        $0.hasPassword = true
        $0.containers = ["ou"]
        $0.disable = [Attribute("description", ["gone"])]
      } == [])
  }

  typealias Mistake = (@Sendable (inout UserRules) -> Void, String)

  private static let mistakes: [Mistake] = [
    (
      { $0.naming = "displayName" },
      "error: naming: displayName names the entries, but attributes gives it no value"
    ),
    ({ $0.attributes.append("shoeSize") }, "error: attributes: the directory knows no attribute shoeSize"),
    ({ $0.createOnly = ["shoeSize"] }, "error: create_only: the directory knows no attribute shoeSize"),
    ({ $0.createOnly = ["mail"] }, "error: create_only: mail is in attributes too"),
    ({ $0.link = "serialNumber" }, "error: link: the directory knows no attribute serialNumber"),
    ({ $0.link = "jpegPhoto" }, "error: link: jpegPhoto has no equality rule"),
    ({ $0.classes = ["inetPerson"] }, "error: classes: the directory knows no class inetPerson"),
    ({ $0.classes = ["posixAccount"] }, "error: classes: none of posixAccount is structural"),
    (
      { $0.classes = ["inetOrgPerson", "user"] }, "warning: classes: inetorgperson and user are structural"
    ),
    ({ $0.classes.append("posixAccount") }, "error: classes: posixAccount demands loginshell"),
    ({ $0.attributes.removeAll { $0 == "sn" } }, "error: classes: inetOrgPerson demands sn"),
    (
      { $0.attributes.append("sAMAccountName") },
      "error: attributes: inetOrgPerson does not allow sAMAccountName"
    ),
    ({ $0.attributes.append("objectClass") }, "error: attributes: objectClass cannot be mapped"),
    ({ $0.attributes.append("userPassword") }, "warning: attributes: userPassword cannot be read back"),
    ({ $0.disable = [Attribute("uid", ["x"])] }, "error: disable: uid identifies the entry"),
    (
      { $0.disable = [Attribute("userPassword", ["x"])] },
      "error: disable: userPassword cannot be read back"
    ),
    (
      { $0.disable = [Attribute("displayName", ["x", "y"])] }, "error: disable: displayName takes one value"
    ),
    ({ $0.containers = ["shoeSize"] }, "error: container: the directory knows no attribute shoeSize"),
    ({ $0.containers = ["cn"] }, "warning: container: no class is known for a container named by cn"),
  ]

  @Test(arguments: mistakes.indices) func whatIsWrong(index: Int) {
    let (change, start) = Self.mistakes[index]
    let findings = findings(OpenLDAP(), change)
    // These are wrong in more ways than one.
    let isManifold = ["naming", "link", "structural"].contains { start.contains($0) }
    #expect(findings.count == 1 || isManifold, "\(findings)")
    #expect(findings.contains { $0.hasPrefix(start) }, "\(findings)")
  }

  @Test func whatTheServerProvides() {
    let change: (inout UserRules) -> Void = {
      $0.classes = ["user"]
      $0.naming = "cn"
      $0.attributes = ["cn", "sn"]
    }
    #expect(findings(ActiveDirectory(), change) == [])
    #expect(findings(OpenLDAP(), change).contains { $0.contains("demands samaccountname") })
    #expect(
      findings(ActiveDirectory()) { _ in }.contains {
        $0.contains("this server names people by cn, not by uid")
      })
  }

  /// Without the overlay the attribute of the lock is not known.
  @Test func theServersOwnWayIsNotThere() {
    let bare = Schema(
      attributeTypes: ["( 2.5.4.13 NAME 'description' EQUALITY caseIgnoreMatch )"], objectClasses: [])
    let message = { (rules: UserRules) in
      SchemaReview.findings(rules, bare, OpenLDAP()).map(\.message).filter { $0.hasPrefix("disable") }
    }
    #expect(message(People.rules).count == 1)
    #expect(message(People.rules)[0].contains("ppolicy"))
    var rules = People.rules
    rules.disable = [Attribute("description", ["gone"])]
    #expect(message(rules) == [])
    rules.disable = []
    rules.inactive = .delete
    #expect(message(rules) == [])
  }
}
