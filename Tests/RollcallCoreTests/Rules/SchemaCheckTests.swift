import LDAPModel
import RollcallCore
import Testing

/// What the schema has against a configuration is said before anything is written.
@Suite struct SchemaCheckTests {
  private func complaints(
    _ dialect: any Dialect = OpenLDAP(), arrays: Set<String> = [], _ change: (inout UserRules) -> Void = { _ in }
  ) -> [String] {
    var rules = People.rules
    change(&rules)
    return SchemaCheck(schema: People.schema, dialect: dialect, arrays: arrays).complaints(about: rules)
      .map { "\($0.level.rawValue) \($0.path): \($0.message)" }
  }

  @Test func aGoodConfigurationHasNothingAgainstIt() {
    #expect(complaints() == [])
    #expect(complaints { $0.hasPassword = true } == [])
    #expect(complaints(arrays: ["users.attributes.mail"]) == [])
    var rules = People.rules
    rules.containers = ["ou", "l"]
    let check = SchemaCheck(schema: .builtin, dialect: Directory389())
    #expect(check.complaints(about: rules).filter { $0.path.hasPrefix("users.container") } == [])
    rules.containers = ["description"]
    #expect(check.complaints(about: rules).contains { $0.level == .warning && $0.path == "users.container.description" })
  }

  @Test func singleValuesGetNoArrays() {
    let found = complaints(arrays: ["users.attributes.displayName", "users.create_only.loginShell"]) {
      $0.attributes.append("displayName")
      $0.createOnly = ["loginShell"]
    }
    #expect(
      found == [
        "error users.attributes.displayName: gives an array, but displayName takes a single value",
        "error users.create_only.loginShell: gives an array, but loginShell takes a single value",
      ])
  }

  @Test func whatAClassDemandsIsMapped() {
    #expect(
      complaints { $0.attributes = ["uid", "cn"] } == ["error users.classes: class person demands sn"])
    #expect(
      complaints { $0.classes.append("posixAccount") } == ["error users.classes: class posixAccount demands loginShell"])
    #expect(
      complaints {
        $0.classes.append("posixAccount")
        $0.createOnly = ["loginShell"]
      } == [])
    // The server provides sAMAccountName, and names by cn.
    #expect(
      complaints(ActiveDirectory()) {
        $0.classes = ["user"]
        $0.attributes = ["cn", "sn"]
      } == ["error users.naming: this server names people by cn only, not by uid"])
  }

  @Test func namesThatTheSchemaDoesNotKnow() {
    #expect(
      complaints { $0.attributes.append("emial") }
        == ["error users.attributes.emial: the directory's schema knows no attribute emial"])
    #expect(
      complaints { $0.classes = ["inetOrgPersn"] } == [
        "error users.classes[0]: the directory's schema knows no object class inetOrgPersn"
      ])
    #expect(
      complaints { $0.link = "employeeNo" }
        == ["error users.link: the directory's schema knows no attribute employeeNo"])
    #expect(
      complaints { $0.containers = ["dept"] }
        == ["error users.container.dept: the directory's schema knows no attribute dept"])
  }

  @Test func attributesThatNoClassAllows() {
    #expect(
      complaints { $0.attributes.append("dc") }
        == ["error users.attributes.dc: none of inetOrgPerson allows dc"])
    #expect(
      complaints { $0.disable = [Attribute("dc", ["a", "b"])] } == [
        "error users.disable.dc: has several values, but dc takes a single value",
        "error users.disable.dc: none of inetOrgPerson allows dc",
      ])
    // Active Directory's classes do not say all.
    #expect(
      complaints(ActiveDirectory()) {
        $0.classes = ["user"]
        $0.naming = "cn"
        $0.attributes = ["cn", "sn", "displayName"]
      } == [])
    // Operational attributes are in no class.
    #expect(complaints { $0.disable = [Attribute("pwdAccountLockedTime", ["000001010000Z"])] } == [])
  }

  @Test func classesThatDoNotGoTogether() {
    #expect(
      complaints { $0.classes = ["inetOrgPerson", "user"] }.first
        == "error users.classes: user and inetOrgPerson are both structural and neither is derived from the other, so no entry can be both"
    )
    #expect(
      complaints { $0.classes = ["posixAccount"] }.first
        == "error users.classes: none of the classes is structural, and an entry needs one that is")
    #expect(complaints { $0.classes = ["top", "person", "inetOrgPerson"] } == [])
  }

  @Test func theServersOwnWayOfDisablingIsKnown() {
    let bare = Schema(attributeTypes: [], objectClasses: [])
    let found = SchemaCheck(schema: bare, dialect: OpenLDAP()).complaints(about: People.rules)
    #expect(found.contains { $0.path == "users.disable" && $0.remedy?.contains("ppolicy") == true })
    var rules = People.rules
    rules.disable = [Attribute("loginShell", ["/bin/false"])]
    let other = SchemaCheck(schema: bare, dialect: OpenLDAP()).complaints(about: rules)
    #expect(!other.contains { $0.path == "users.disable" })
  }

  @Test func groupsOfTheirClasses() {
    func complaints(_ rules: GroupRules, containers: [String] = [], arrays: Set<String> = []) -> [String] {
      var users = People.rules
      users.containers = containers
      return SchemaCheck(schema: GroupSchema.schema, dialect: OpenLDAP(), arrays: arrays)
        .complaints(about: rules, users: users).map { "\($0.level.rawValue) \($0.path): \($0.message)" }
    }
    #expect(complaints(GroupRules(base: "dc=x")) == [])
    #expect(
      complaints(GroupRules(base: "dc=x", empty: .keep))
        == ["error groups.empty: an empty group cannot be kept: its class demands member"])
    #expect(complaints(GroupRules(base: "dc=x", empty: .keep, placeholder: "cn=nobody")) == [])
    var unix = GroupRules(base: "dc=x", classes: ["posixGroup"], member: "memberUid")
    #expect(complaints(unix) == ["error groups.classes: class posixGroup demands gidNumber"])
    unix.attributes = ["gidNumber"]
    #expect(complaints(unix) == [])
    #expect(complaints(unix, containers: ["ou"]).first?.hasPrefix("warning groups.member: memberUid carries uid") == true)
    #expect(
      complaints(unix, arrays: ["groups.attributes.gidNumber"])
        == ["error groups.attributes.gidNumber: gives an array, but gidNumber takes a single value"])
    unix.placeholder = "cn=nobody"
    #expect(complaints(unix).first?.hasPrefix("error groups.placeholder") == true)
    #expect(
      complaints(GroupRules(base: "dc=x", member: "memberUid"))
        == [
          "error groups.member: none of groupOfNames allows memberUid", "error groups.classes: class groupOfNames demands member",
        ])
  }
}
