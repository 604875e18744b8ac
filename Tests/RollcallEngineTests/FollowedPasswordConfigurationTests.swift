import Testing

@testable import RollcallConfiguration

/// `users.password` as an expression alone, and with `follow`.
@Suite struct FollowedPasswordConfigurationTests {
  private static func text(_ password: String) -> String {
    ConfigurationSample.minimal.replacing("  attributes:\n", with: "  password: \(password)\n  attributes:\n")
  }

  @Test(
    arguments: [
      ("pw", "pw", false), ("{ sql: pw }", "pw", false), ("{ sql: pw, follow: false }", "pw", false),
      ("{ follow: true, sql: \"'{SSHA}' || pw\" }", "'{SSHA}' || pw", true), ("null", nil, false),
    ] as [(String, String?, Bool)])
  func forms(_ password: String, _ sql: String?, _ follows: Bool) throws {
    let users = try ConfigurationSample.parse(Self.text(password)).users
    #expect(users.password == sql)
    #expect(users.followsPassword == follows)
  }

  @Test(arguments: [
    ("{ follow: true }", #"rollcall.yaml:11:3: missing key "sql" under users.password"#),
    (
      "{ sql: pw, follows: true }",
      #"rollcall.yaml:11:24: unknown key "follows" under users.password; did you mean "follow"?"#
    ),
    (
      "{ sql: pw, follow: always }",
      #"rollcall.yaml:11:32: users.password.follow: expected true or false, found "always""#
    ),
    ("[pw]", "rollcall.yaml:11:13: users.password: expected text, found a list"),
  ])
  func mistakes(_ password: String, _ message: String) {
    #expect(ConfigurationSample.problems(Self.text(password)) == [message])
  }

  @Test("G11: the expression is not shown, and whether it follows is") func shown() throws {
    let shown = try ConfigurationSample.parse(Self.text("{ sql: \"'hunter2'\", follow: true }")).shown
    #expect(!shown.contains("hunter2"))
    #expect(shown.contains(#"follow: "true""#))
  }
}
