import LDAPModel
import RollcallCore
import Testing

/// What the schema has against a configuration is said before anything is written.
@Suite struct SchemaCheckTests {
  private func complaints(
    _ dialect: any Dialect = OpenLDAP(), arrays: Set<String> = [],
    _ change: (inout UserRules) -> Void = { _ in }
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
    #expect(
      check.complaints(about: rules).contains { $0.level == .warning && $0.path == "users.container[0]" })
  }

  @Test func momentsWithoutAZone() {
    var rules = People.rules
    rules.createOnly = ["pwdAccountLockedTime"]
    let found = { (oid: UInt32, text: String) in
      SchemaCheck(
        schema: People.schema, dialect: OpenLDAP(),
        expressions: ["users.create_only.pwdAccountLockedTime": ExpressionType(oid: oid, text: text)]
      ).complaints(about: rules).filter { $0.message.contains("point in time") }
    }
    #expect(found(1184, "expires").isEmpty && found(25, "expires").isEmpty)
    #expect(found(1114, "expires").first?.level == .error)
    #expect(found(1114, "expires").first?.remedy?.contains("expires AT TIME ZONE 'Europe/Berlin'") == true)
    #expect(found(1082, "a + b").first?.message.contains("(a + b) is date") == true)
    #expect(found(23, "n").first?.remedy?.contains("to_timestamp(n)") == true)
  }

  @Test func passwordsAreGivenOnce() {
    let found = complaints {
      $0.createOnly = ["userPassword"]
      $0.hasPassword = true
    }
    #expect(found.count == 1 && found[0].hasPrefix("error users.create_only.userPassword"))
  }

  @Test func singleValuesGetNoArrays() {
    let paths: Set = ["users.attributes.displayName", "users.create_only.loginShell", "users.attributes.uid"]
    let found = complaints(arrays: paths) {
      $0.attributes.append("displayName")
      $0.createOnly = ["loginShell"]
    }
    #expect(
      found == [
        "error users.attributes.displayName: \"displayName\" takes one value, but the expression returns an array",
        "error users.create_only.loginShell: \"loginShell\" takes one value, but the expression returns an array",
        "error users.attributes.uid: names the entry and takes one value, but the expression returns an array",
      ])
  }

  typealias Mistake = (@Sendable (inout UserRules) -> Void, String)

  private static let mistakes: [Mistake] = [
    (
      { $0.naming = "displayName" },
      "error users.naming: \"displayName\" names the entries, but no expression is mapped to it"
    ),
    ({ $0.attributes.append("shoeSize") }, "error users.attributes.shoeSize: the server knows no attribute"),
    ({ $0.createOnly = ["shoeSize"] }, "error users.create_only.shoeSize: the server knows no attribute"),
    (
      { $0.attributes.append("createTimestamp") },
      "error users.attributes.createTimestamp: only the server itself"
    ),
    ({ $0.link = "serialNumber" }, "error users.link: the server knows no attribute"),
    ({ $0.link = "jpegPhoto" }, "error users.link: \"jpegPhoto\" has no equality rule"),
    ({ $0.classes = ["inetPerson"] }, "error users.classes: the server knows no class \"inetPerson\""),
    ({ $0.classes = ["posixAccount"] }, "error users.classes: none of the classes is structural"),
    (
      { $0.classes = ["inetOrgPerson", "user"] },
      "warning users.classes: user and inetOrgPerson are structural"
    ),
    (
      { $0.classes.append("posixAccount") },
      "error users.classes: the classes demand loginShell, which nothing maps"
    ),
    ({ $0.attributes = ["uid"] }, "error users.classes: the classes demand cn, sn, which nothing maps"),
    (
      { $0.attributes.append("sAMAccountName") },
      "error users.attributes.sAMAccountName: none of the classes inetOrgPerson allows"
    ),
    (
      { $0.attributes.append("userPassword") },
      "warning users.attributes.userPassword: \"userPassword\" cannot be read"
    ),
    ({ $0.disable = [Attribute("uid", ["x"])] }, "error users.disable.uid: \"uid\" identifies the entry"),
    (
      { $0.disable = [Attribute("userPassword", ["x"])] },
      "error users.disable.userPassword: \"userPassword\" cannot be"
    ),
    (
      { $0.disable = [Attribute("displayName", ["x", "y"])] },
      "error users.disable.displayName: \"displayName\" takes one value, but there are several"
    ),
    ({ $0.containers = ["shoeSize"] }, "error users.container[0]: the server knows no attribute"),
    ({ $0.containers = ["cn"] }, "warning users.container[0]: Rollcall does not know the class"),
  ]

  @Test(arguments: mistakes.indices) func whatIsWrong(index: Int) {
    let (change, start) = Self.mistakes[index]
    let found = complaints(OpenLDAP(), arrays: [], change)
    // These are wrong in more ways than one.
    let isManifold = ["naming", "link", "structural"].contains { start.contains($0) }
    #expect(found.count == 1 || isManifold, "\(found)")
    #expect(found.contains { $0.hasPrefix(start) }, "\(found)")
  }

  @Test func conditions() {
    let complaints = { (conditional: [String], change: (inout UserRules) -> Void) in
      var rules = People.rules
      rules.conditional = conditional
      change(&rules)
      return SchemaCheck(schema: .builtin, dialect: OpenLDAP()).complaints(about: rules)
        .map { "\($0.level.rawValue) \($0.path): \($0.message)" }
    }
    let numbers = ["uidNumber", "gidNumber", "homeDirectory"]
    #expect(complaints(["posixAccount"]) { $0.attributes += numbers } == [])
    #expect(complaints(["posixAccount"]) { $0.createOnly = numbers } == [])
    #expect(
      complaints(["posixAccount"]) { $0.attributes += numbers.dropLast() } == [
        "error users.classes.posixAccount: the class demands homeDirectory, which nothing maps"
      ])
    for (name, words) in [
      ("organizationalUnit", "organizationalUnit is structural, and only an auxiliary class can be added and removed"),
      ("top", "top is abstract, and only"), ("posixAcount", "the server knows no class \"posixAcount\""),
    ] {
      let found = complaints([name]) { _ in }
      #expect(found.count == 1 && found.first?.hasPrefix("error users.classes.\(name): \(words)") == true, "\(found)")
    }
    #expect(
      complaints(["posixAccount"]) {
        $0.attributes += numbers
        $0.disable = [Attribute("loginShell", ["/bin/false"])]
      } == [
        "error users.disable.loginShell: of the classes only posixAccount allows \"loginShell\", and not every entry has "
          + "it"
      ])
    #expect(
      complaints(["posixAccount"]) {
        $0.attributes += numbers
        $0.link = "gecos"
      }.contains { $0.hasPrefix("error users.link: of the classes only posixAccount allows") })
  }

  @Test func whatTheServerProvidesAndDoesNotTell() {
    let change: (inout UserRules) -> Void = {
      $0.classes = ["user"]
      $0.naming = "cn"
      // No class of the schema allows this one: content rules do.
      $0.attributes = ["cn", "sn", "displayName"]
    }
    #expect(complaints(ActiveDirectory(), change) == [])
    #expect(complaints(OpenLDAP(), change).contains { $0.contains("demand sAMAccountName") })
    #expect(complaints(ActiveDirectory()).contains { $0.contains("names people by cn, not by uid") })
    // Operational attributes are in no class.
    #expect(complaints { $0.disable = [Attribute("pwdAccountLockedTime", ["000001010000Z"])] } == [])
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
        == ["error groups.empty: an empty group cannot be kept: its class requires member"])
    #expect(complaints(GroupRules(base: "dc=x", empty: .keep, placeholder: "cn=nobody")) == [])
    var unix = GroupRules(base: "dc=x", classes: ["posixGroup"], member: "memberUid")
    #expect(complaints(unix) == ["error groups.classes: the classes demand gidNumber, which nothing maps"])
    unix.attributes = ["gidNumber"]
    #expect(complaints(unix) == [])
    #expect(
      complaints(unix, containers: ["ou"]).first?.hasPrefix(
        "warning groups.member: \"memberUid\" holds only uid") == true)
    #expect(
      complaints(unix, arrays: ["groups.attributes.gidNumber"])
        == [
          "error groups.attributes.gidNumber: \"gidNumber\" takes one value, but the expression returns an array"
        ])
    unix.placeholder = "cn=nobody"
    #expect(complaints(unix).first?.hasPrefix("error groups.placeholder") == true)
    #expect(
      complaints(GroupRules(base: "dc=x", member: "memberUid"))
        == [
          "error groups.member: none of the classes groupOfNames allows \"memberUid\"",
          "error groups.classes: the classes demand member, which nothing maps",
        ])
  }
}
