import LDAPModel
import RollcallCore
import Testing

/// Passwords that follow the table: their digests, and when they are written.
@Suite struct FollowedPasswordTests {
  /// Computed with another implementation of HMAC.
  @Test func digestsAreThoseOfRFC2104() {
    #expect(
      PasswordDigest(key: "0123456789abcdef0123456789abcdef").of("secret", person: "17")
        == "1e24dd57efdd902542526942e14dde36c9d9601bbac5d2cf30536879910d07dd")
    #expect(
      PasswordDigest(key: String(repeating: "k", count: 100)).of("secret", person: "17")
        == "454d9b7a2c1f807eaebe37e96b10ff28177d2ad34a14dceda46c67569100217a")
  }

  @Test func digestsOfEqualPasswordsDiffer() {
    let digest = PasswordDigest(key: "a")
    #expect(digest.of("secret", person: "1") != digest.of("secret", person: "2"))
    #expect(digest.of("1x", person: "1") != digest.of("x", person: "11"), "key and password are kept apart")
    #expect(digest.of("secret", person: "1") != PasswordDigest(key: "b").of("secret", person: "1"))
  }

  private static let rules = {
    var rules = People.rules
    rules.hasPassword = true
    rules.followsPassword = true
    return rules
  }()

  private func row(_ password: [AttributeValue], cn: String = "Ann Example", active: Bool = true) -> RosterRow {
    var row = People.row("1", "ann", cn: cn, active: active)
    row.values.append(password)
    return row
  }

  private func steps(_ row: RosterRow, isNew: Bool = true) -> [Step] {
    var subject = People.subject("1", row, People.entry(People.row("1", "ann")), rules: Self.rules)
    subject.hasNewPassword = isNew
    return People.planner(Self.rules).plan([subject]).sequences.flatMap(\.steps)
  }

  @Test func anotherPasswordIsWrittenOnce() {
    let password = Modification(.replace, "userPassword", ["new"])
    let alone = steps(row(["new"]))
    #expect(alone.map(\.what) == [.password])
    #expect(alone.first?.operation == .modify(People.dn("ann"), [password]))
    #expect(steps(row(["new"]), isNew: false).isEmpty)
    #expect(steps(row([])).isEmpty, "a row without a password leaves it as it is")
    let besides = steps(row(["new"], cn: "Ann Other"))
    #expect(besides.map(\.what) == [.update])
    guard case .modify(_, let modifications)? = besides.first?.operation else { return #expect(Bool(false)) }
    #expect(modifications.contains(password))
    // Disabling comes first, whatever becomes of the password.
    #expect(steps(row(["new"], active: false)).map(\.what) == [.disable, .password])
  }

  /// A refused password keeps nothing else from being written, and the other way round.
  @Test func theOtherAttributesAreSentWithoutIt() throws {
    let step = try #require(steps(row(["new"], cn: "Ann Other")).first)
    let planner = People.planner(Self.rules)
    let parts = planner.parts(of: step)
    #expect(parts.count == 2)
    #expect(parts.filter(planner.isPasswordSent).count == 1)
  }

  @Test func activeDirectoryGetsItInItsOwnForm() {
    let rules = UserRules(
      base: People.base, naming: "cn", link: "employeeNumber", classes: ["user"],
      attributes: ["cn", "sn", "sAMAccountName"], hasPassword: true, followsPassword: true)
    let row = RosterRow(key: "1", values: [["Ann"], ["S"], ["ann"], ["Secret2"]])
    let entry = Entry(
      "cn=Ann,ou=users,dc=example,dc=com",
      [
        Attribute("objectClass", ["user"]), Attribute("employeeNumber", ["1"]), Attribute("cn", ["Ann"]),
        Attribute("sn", ["S"]), Attribute("sAMAccountName", ["ann"]), Attribute("userAccountControl", ["512"]),
      ])
    var subject = People.subject("1", row, entry, rules: rules)
    subject.hasNewPassword = true
    let steps = People.planner(rules, ActiveDirectory()).plan([subject]).sequences.flatMap(\.steps)
    let encoded = ActiveDirectory().encode(password: "Secret2")
    #expect(steps.map(\.operation) == [.modify(entry.dn, [Modification(.replace, "unicodePwd", [encoded])])])
  }

  private static let ssha: AttributeValue = "{SSHA}x9UXjdKZXIvwK/rZCSMCXj3oem9hYmNkZWZnaA=="
  private static let crypt: AttributeValue = "$6$saltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2"

  /// The text of a hash would be the password where the server does not know the form.
  @Test(arguments: [ssha, "{CRYPT}$6$salt$abc", crypt])
  func aHashIsNoPasswordInActiveDirectory(_ hash: AttributeValue) throws {
    let rules = UserRules(
      base: People.base, naming: "cn", link: "employeeNumber", classes: ["user"],
      attributes: ["cn", "sn", "sAMAccountName"], hasPassword: true)
    let row = RosterRow(key: "1", values: [["Ann"], ["S"], ["ann"], [hash]])
    let projection = Projection(rules: rules, schema: People.schema, dialect: ActiveDirectory())
    let subject = Subject(key: "1", desired: projection.desired(for: row), current: nil)
    let plan = People.planner(rules, ActiveDirectory()).plan([subject])
    #expect(plan.sequences.isEmpty)
    let problem = try #require(plan.parked["1"])
    #expect(problem.reason == .mapping)
    #expect(problem.message.contains("is a hash") && problem.message.contains("clear text"))
    #expect(!problem.message.contains("SSHA") && !problem.message.contains("$6$"))
  }

  @Test func onlyHashesWithASchemeAreOfUseElsewhere() {
    #expect(steps(row([Self.ssha])).map(\.what) == [.password])
    #expect(steps(row([Self.crypt])).isEmpty)
    let texts = ["{", "{}x", "{a}x", "{SSHA", "{no scheme}x", "$6$short", "$ecret$qFmFH.bQmmtXzyBY0s9v7O"]
    for clear in texts.map({ AttributeValue($0) }) {
      #expect(PasswordHash(clear) == nil, "\(clear)")
    }
  }
}
