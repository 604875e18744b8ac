import Testing

/// What `users.references` is told that cannot work.
@Suite struct ReferenceErrorTests {
  @Test(arguments: [
    ("references: { UID: boss }", "11:17: users.references.UID: is in users.attributes as well; keep one of them"),
    (
      "create_only: { manager: boss }\n  references: { Manager: boss }",
      "12:17: users.references.Manager: is set elsewhere in users as well; a reference has no other source"
    ),
    (
      "references: { employeeNumber: boss }",
      "11:17: users.references.employeeNumber: is already set: it is the link, which carries the row's key"
    ),
    ("references: manager", "11:15: users.references: expected a mapping, found text"),
    ("references: { manager: ' ' }", "11:26: users.references.manager: is empty"),
  ])
  func anAttributeHasOneSource(_ lines: String, _ problem: String) {
    let base = "base: ou=users,dc=example,dc=com"
    let text = ConfigurationSample.minimal.replacing(base, with: "\(base)\n  \(lines)", maxReplacements: 1)
    #expect(ConfigurationSample.problems(text) == ["rollcall.yaml:" + problem])
  }

  @Test func anAttributeOfGroupsHasOneSource() {
    let references = "references: { CN: a, Member: b, objectClass: c, gidnumber: d, owner: e }"
    let groups = "groups: { base: dc=example, membership: a, attributes: { gidNumber: a }, \(references) }\n"
    let problems = ConfigurationSample.problems(
      ConfigurationSample.minimal.replacing("users:\n", with: groups + "users:\n", maxReplacements: 1))
    #expect(
      problems.map { $0.split(separator: ": ", maxSplits: 1).last.map(String.init) } == [
        "groups.references.CN: is already the group's name",
        "groups.references.Member: already carries the members",
        "groups.references.objectClass: is set by groups.classes",
        "groups.references.gidnumber: is in groups.attributes as well; keep one of them",
      ])
  }
}
