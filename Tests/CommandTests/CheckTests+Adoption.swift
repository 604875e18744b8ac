import Sandbox
import Testing

extension CheckTests {
  /// People who were made before Rollcall, somewhere else.
  @Test func peopleWithoutALink() async throws {
    let site = try await installed()
    try await site.hire(["unada", "uneve"])
    try await site.succeed("sync")
    func add(_ name: String) async throws {
      try await site.directory.modify(
        "dn: uid=\(name),ou=staff,\(site.base)\nchangetype: add\nobjectClass: inetOrgPerson\nuid: \(name)\ncn: x\nsn: x\n"
      )
    }
    try await site.directory.modify("dn: ou=staff,\(site.base)\nchangetype: add\nobjectClass: organizationalUnit\n")
    // Somebody's second account, and one that nobody of the roster has.
    try await add("unada")
    try await add("unother")
    #expect(try await !site.succeed("check").output.contains("users.adopt"))
    try await site.hire(["unzoe"], from: 3)
    try await add("unzoe")
    let words = "users.adopt: uid=unzoe,ou=staff,\(site.base) has no employeeNumber and the uid of a row: such people"
    try await find(words, site, code: 0)
    let adopting = try site.with("link: employeeNumber", "link: employeeNumber\n  adopt: { by: uid }")
    let ran = try await adopting.succeed("check")
    #expect(!ran.output.contains("has no employeeNumber and"))
    try await find(
      "users.adopt.below: ou=nowhere,\(site.base) does not exist",
      site.with(
        "link: employeeNumber", "link: employeeNumber\n  adopt: { by: uid, below: \"ou=nowhere,\(site.base)\" }"))
  }
}
