import LDAPModel
import RollcallEngine
import Testing

@testable import RollcallConfiguration

/// `users.adopt` in its three forms.
@Suite struct AdoptByConfigurationTests {
  private func text(_ value: String) -> String {
    ConfigurationSample.minimal.replacing("users:\n", with: "users:\n  adopt: \(value)\n")
  }

  @Test func formsAreRead() throws {
    let found = try ConfigurationSample.parse(text("{ by: UID, below: 'ou=staff,dc=example,dc=com' }")).users
    #expect(!found.adopt && found.adoption == .init(by: "uid", below: "ou=staff,dc=example,dc=com"))
    #expect(try ConfigurationSample.parse(text("{ by: uid }")).users.adoption == .init(by: "uid", below: nil))
    let plain = try ConfigurationSample.parse(text("true")).users
    #expect(plain.adopt && plain.adoption == nil)
  }

  @Test(arguments: [
    (
      "{ by: mail2 }",
      #"users.adopt.by: "mail2" is not in users.attributes; map it there, or choose one of uid, cn"#
    ),
    ("mail", #"users.adopt: expected true, false or { by: ATTRIBUTE }, found "mail""#),
    ("yes", #"10:10: users.adopt: expected true, false or { by: ATTRIBUTE }, found "yes""#),
    ("''", #"users.adopt: expected true, false or { by: ATTRIBUTE }, found """#),
    ("{ below: 'dc=x' }", #"missing key "by" under users.adopt"#),
    ("{ by: uid, below: x }", "users.adopt.below: "), ("{ by: uid, at: x }", #"unknown key "at" under users.adopt"#),
    ("[uid]", "users.adopt: expected text, found a list"),
  ])
  func whatIsWrong(_ value: String, _ words: String) {
    let problems = ConfigurationSample.problems(text(value))
    #expect(problems.count == 1 && problems.first?.contains(words) == true, "\(problems)")
  }
}
