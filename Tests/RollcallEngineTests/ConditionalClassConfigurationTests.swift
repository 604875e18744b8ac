import RollcallEngine
import Testing

@testable import RollcallConfiguration

/// `users.classes` with conditions.
@Suite struct ConditionalClassConfigurationTests {
  private func text(_ classes: String) -> String {
    ConfigurationSample.minimal.replacing("users:\n", with: "users:\n  classes: \(classes)\n")
  }

  @Test func aConditionIsRead() throws {
    let users = try ConfigurationSample.parse(
      text("[inetOrgPerson, { posixAccount: 'unix_id IS NOT NULL' }, shadowAccount]")
    ).users
    #expect(users.classes == ["inetOrgPerson", "shadowAccount"])
    #expect(users.conditionalClasses == [.init(name: "posixAccount", condition: "unix_id IS NOT NULL")])
    let plain = try ConfigurationSample.parse(ConfigurationSample.minimal).users
    #expect(plain.classes == ["inetOrgPerson"] && plain.conditionalClasses.isEmpty)
  }

  @Test(arguments: [
    ("[{ posixAccount: 'true' }]", "users.classes: all have conditions; every entry needs a class without one"),
    ("[person, { a: x, b: y }]", "users.classes[1]: expected one class with its condition"),
    ("[person, { 'a b': x }]", #"users.classes[1]: "a b" is not the name of an object class"#),
    ("[person, { PERSON: x }]", #"users.classes[1]: "PERSON" is listed twice"#),
    ("[person, { posixAccount: ' ' }]", "users.classes[1].posixAccount: is empty"),
    ("[person, { posixAccount: [x] }]", "users.classes[1].posixAccount: expected text, found a list"),
  ])
  func whatIsWrong(_ classes: String, _ words: String) {
    let problems = ConfigurationSample.problems(text(classes))
    #expect(problems.count == 1 && problems.first?.contains(words) == true, "\(problems)")
  }
}
