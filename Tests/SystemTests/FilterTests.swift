import Sandbox
import Testing

/// `users.filter` selects the entries that are ours, and protects all others.
@Suite struct FilterTests {
  @Test("G6: what the filter leaves out is not touched, and its key is parked with that reason")
  func whatIsLeftOut() async throws {
    var settings = SiteSettings()
    settings.users = "filter: \"(!(employeeType=external))\"\n  adopt: true"
    let site = try await World.shared.site(settings)
    try await site.insert(["ann", "ben", "cid"])
    try await site.sync()
    try await site.mark("ann", "add: employeeType\nemployeeType: external")
    try await site.mark("ben", "add: employeeType\nemployeeType: external")
    try await site.sql("UPDATE users SET email = 'new@x', username = username || '2' WHERE id <> 3")
    try await site.sql("DELETE FROM users WHERE id = 2")
    // Without a link, and where somebody new would be adopted.
    try await site.directory.modify(
      "dn: uid=dan,\(site.base)\nobjectClass: inetOrgPerson\nuid: dan\ncn: D\nsn: D\nemployeeType: external\n")
    try await site.insert(["dan"], from: 4)
    try await site.sync()
    #expect(try await site.parked() == ["1|excluded", "2|excluded", "4|excluded"])
    let message = try await site.sql("SELECT message FROM rollcall.parked WHERE key = '1'")
    #expect(message.contains("uid=ann,") && message.contains("users.filter"))
    #expect(try await site.names() == ["ann", "ben", "cid", "dan"])
    #expect(try await site.value("mail", of: "1") == "ann@example.com")
    // A comparison says the same, and what is there by no row of the table is nobody's business.
    try await site.directory.modify(
      "dn: uid=eve,\(site.base)\nobjectClass: inetOrgPerson\nuid: eve\ncn: E\nsn: E\nemployeeType: external\n"
        + "employeeNumber: 77\n")
    try await site.sync(full: true)
    #expect(try await site.parked() == ["1|excluded", "2|excluded", "4|excluded"])
    #expect(try await site.names() == ["ann", "ben", "cid", "dan", "eve"])
    // The filter matches them again.
    try await site.mark("ann", "delete: employeeType")
    try await site.mark("ben", "delete: employeeType")
    try await site.mark("dan", "delete: employeeType")
    try await site.sync(full: true)
    #expect(try await site.parked() == [])
    #expect(try await site.names() == ["ann2", "cid", "dan", "eve"])
    #expect(try await site.value("mail", of: "1") == "new@x")
  }
}

extension Site {
  fileprivate func mark(_ name: String, _ change: String) async throws {
    try await directory.modify("dn: uid=\(name),\(base)\nchangetype: modify\n\(change)\n")
  }
}
