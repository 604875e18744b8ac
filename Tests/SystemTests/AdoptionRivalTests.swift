import Sandbox
import Testing

/// Who takes over an entry by a value is the only one with it: a row that cannot be read just then is not nobody's.
@Suite struct AdoptionRivalTests {
  /// An entry that waits for the one with its number, and two rows that have it; the second one's mapping may fail.
  private func site(
    _ schema: String = "", table: String = "public.users"
  ) async throws -> Site {
    var settings = SiteSettings()
    settings.schema += "\nALTER TABLE users ADD phone text, ADD divisor int DEFAULT 1;\n\(schema)"
    settings.table = table
    settings.source += "\n  watch: [{ table: public.users, key: id }]"
    settings.grants = "GRANT SELECT ON \(table) TO"
    settings.users = "adopt: { by: telephoneNumber }"
    settings.attributes += "\n    telephoneNumber: phone\n    title: \"(7 / divisor)::text\""
    let site = try await World.shared.site(settings)
    try await site.directory.modify(
      "dn: uid=old,\(site.base)\nchangetype: add\nobjectClass: inetOrgPerson\nuid: old\ncn: Old\nsn: Old\n"
        + "telephoneNumber: +1 555 7\n")
    try await site.insert(["ann", "ben"])
    return site
  }

  private func message(_ site: Site, _ key: Int) async throws -> String {
    try await site.sql("SELECT message FROM rollcall.parked WHERE key = '\(key)' AND reason = 'name-taken'")
  }

  @Test(
    "G6: while a row that may have the number cannot be mapped, nobody takes the entry over",
    arguments: ["active", "left"])
  func anUnreadableRival(_ status: String) async throws {
    let site = try await site()
    try await site.sql(
      "UPDATE users SET phone = '+1 555 7'; UPDATE users SET divisor = 0, status = '\(status)' WHERE id = 2")
    for isFull in [false, true] {
      try await site.sync(full: isFull)
      #expect(try await site.names() == ["old"])
      #expect(try await message(site, 1).contains("person 2 may have its telephoneNumber too"))
    }
    try await site.sql(
      "UPDATE users SET divisor = 1, phone = NULL WHERE id = 2; UPDATE users SET email = 'a@x' WHERE id = 1")
    try await site.sync()
    #expect(try await site.value("employeeNumber", of: "1") == "1")
    #expect(try await site.search("uid=old,\(site.base)") == nil)
    try await site.expectInStep()
  }

  @Test("G6: nor while the row that was found by the number is not there under the key that it had")
  func aRivalWhoseKeyChanges() async throws {
    // Only the query by value shows ben's row, as if it got another key right after that.
    let site = try await site(
      """
      CREATE VIEW people AS SELECT * FROM users WHERE id = 1 OR position('[^a-z0-9]' IN current_query()) > 0;
      """, table: "public.people")
    try await site.sql("UPDATE users SET phone = '+1 555 7'")
    try await site.sync()
    #expect(try await site.names() == ["old"])
    #expect(try await message(site, 1).contains("person 2 may have its telephoneNumber too"))
    try await site.sql("UPDATE users SET phone = NULL WHERE id = 2; UPDATE users SET email = 'a@x' WHERE id = 1")
    try await site.sync()
    #expect(try await site.value("employeeNumber", of: "1") == "1")
    try await site.expectInStep()
  }
}
