import LDAPModel
import RollcallEngine
import Testing

@testable import RollcallConfiguration

/// Mistakes that are easily made, and that nothing else would find before somebody is written.
@Suite struct ConfigurationMistakeTests {
  @Test(arguments: ["ou=former,dc=example,dc=com", "ou=former, DC=example, dc=Com", "ou=former,ou=people,dc=com"])
  func leaversOutsideOfTheBase(_ name: String) {
    let text = ConfigurationSample.minimal.replacing("users:\n", with: "users:\n  leavers: \"\(name)\"\n")
    #expect(
      ConfigurationSample.problems(text) == [
        "rollcall.yaml:10:12: users.leavers: is relative to users.base, and \"\(name)\" looks like a complete DN outside "
          + "of it; name a container below the base, as in ou=former"
      ])
  }

  @Test(arguments: ["ou=former", "ou=former,ou=people"])
  func leaversBelowTheBase(_ name: String) throws {
    let text = ConfigurationSample.minimal.replacing("users:\n", with: "users:\n  leavers: \"\(name)\"\n")
    #expect(try ConfigurationSample.parse(text).users.leavers?.text == "\(name),ou=users,dc=example,dc=com")
  }

  @Test(arguments: [
    ("SELECT id FROM users", true), ("SELECT id FROM changed_people", true),
    ("SELECT u.id FROM users u JOIN changed c ON u.room = c.id", false), ("SELECT id FROM CHANGED", false),
  ])
  func aQueryThatDoesNotReadTheChangedRows(_ query: String, _ isWarned: Bool) throws {
    let watch = "  watch: [{ table: rooms, key: id, keys: \(query) }]\n"
    let text = ConfigurationSample.minimal.replacing("  key: id\n", with: "  key: id\n\(watch)")
    let warnings = try ConfigurationSample.parse(text).warnings.map(\.message)
    #expect(warnings.contains { $0.hasPrefix("source.watch[0].keys: does not read the changed rows") } == isWarned)
  }
}
