import LDAPModel
import RollcallEngine
import Sandbox
import Testing

@testable import RollcallAdministration

/// Keys of every type, values of every type, rows that cannot be mapped.
@Suite struct MappingTests {
  @Test(arguments: [
    ("uuid", "'6f0cdb1e-2f33-4f4a-9f44-0a6a3a2b3c4d'", "6f0cdb1e-2f33-4f4a-9f44-0a6a3a2b3c4d"),
    ("text", "'k*(1)\\,x'", "k*(1)\\,x"), ("varchar(20)", "'Schlüssel'", "Schlüssel"),
    ("bigint", "9007199254740993", "9007199254740993"),
  ])
  func everyTypeOfKey(type: String, literal: String, key: String) async throws {
    var settings = SiteSettings()
    settings.schema =
      "CREATE TABLE users (id \(type) PRIMARY KEY, username text, email text, full_name text, status text)"
    let site = try await World.shared.site(settings)
    try await site.withDaemon { _ in
      try await site.sql(
        "INSERT INTO users VALUES (\(literal), 'ann', 'a@example.com', 'Ann Bell', 'active')")
      try await eventually("she is there") { try await site.value("uid", of: key) == "ann" }
      try await site.sql("DELETE FROM users")
      try await eventually("she is gone") { try await site.names().isEmpty }
    }
    try await site.expectInStep()
  }

  @Test func quotedAndMixedCaseNames() async throws {
    var settings = SiteSettings()
    settings.schema = """
      CREATE SCHEMA "HR"; CREATE TABLE "HR"."User Accounts" ("Id" int PRIMARY KEY, "User Name" text, "Status" text)
      """
    settings.watch = "SELECT rollcall.watch('\"HR\".\"User Accounts\"', 'Id')"
    settings.table = "'\"HR\".\"User Accounts\"'"
    settings.key = "'\"Id\"'"
    settings.source = "active: \"\\\"Status\\\" = 'active'\""
    settings.attributes = """
      uid: '"User Name"'
          cn: '"User Name"'
          sn: '"User Name"'
      """
    let site = try await World.shared.site(settings)
    try await site.withDaemon { _ in
      try await site.sql("INSERT INTO \"HR\".\"User Accounts\" VALUES (1, 'ann', 'active')")
      try await eventually("she is there") { try await site.names() == ["ann"] }
    }
    try await site.expectInStep()
  }

  @Test func valuesOfEveryType() async throws {
    var settings = SiteSettings()
    settings.schema = """
      CREATE TABLE users (id int PRIMARY KEY, username text, email text, full_name text, status text,
        phones text[], photo bytea, note text, hired timestamptz, numbers int[])
      """
    settings.attributes = """
      uid: username
          cn: full_name
          sn: full_name
          telephoneNumber: phones
          jpegPhoto: photo
          description: "ARRAY[note, hired::text, (status = 'active')::text]"
          carLicense: numbers
          title: "NULLIF(note, 'none')"
          employeeType: "status = 'active'"
          businessCategory: hired
      """
    settings.users = "inactive: keep"
    let site = try await World.shared.site(settings)
    try await site.sql(
      """
      INSERT INTO users VALUES (1, 'ann', 'x', 'Ann', 'active', '{+49 30 1, "+1, 2"}', '\\x00ff01', '', NULL, '{1,NULL,2}'),
        (2, 'ben', 'x', 'Ben', 'active', '{}', NULL, 'none', '2024-02-29 23:30:00.25-05', NULL)
      """)
    try await site.sync()
    let entries = try await site.entries()
    let ann = try #require(entries.values.first { $0["uid"] == ["ann"] })
    let ben = try #require(entries.values.first { $0["uid"] == ["ben"] })
    #expect(Set(ann["telephoneNumber"]) == ["+49 30 1", "+1, 2"] && Set(ann["carLicense"]) == ["1", "2"])
    #expect(ann["jpegPhoto"] == [AttributeValue(bytes: [0, 255, 1])])
    #expect(ann["employeeType"] == ["TRUE"] && ann["title"].isEmpty && ann["businessCategory"].isEmpty)
    #expect(ben["telephoneNumber"].isEmpty && ben["title"].isEmpty && ben["carLicense"].isEmpty)
    #expect(ben["businessCategory"] == ["20240301043000.25Z"])
    try await site.expectInStep()
    try await site.sql("UPDATE users SET phones = '{\"+1, 2\",new}', photo = NULL WHERE id = 1")
    try await site.sync()
    let changed = try #require(try await site.entries().values.first { $0["uid"] == ["ann"] })
    #expect(Set(changed["telephoneNumber"]) == ["+1, 2", "new"] && changed["jpegPhoto"].isEmpty)
    try await site.expectInStep()
  }

  @Test("G7: a row that cannot be mapped is parked alone, and released by its change")
  func aRowThatCannotBeMappedIsParkedAloneAndReleasedByItsChange() async throws {
    var settings = SiteSettings()
    settings.attributes = """
      uid: username
          cn: full_name
          sn: full_name
          departmentNumber: (email::int)::text
      """
    let site = try await World.shared.site(settings)
    try await site.withDaemon { _ in
      try await site.sql(
        """
        INSERT INTO users SELECT n, 'u' || n, CASE n WHEN 7 THEN 'seven' ELSE n::text END, 'Full ' || n, 'active'
        FROM generate_series(1, 20) n
        """)
      try await eventually("the others are there") { try await site.names().count == 19 }
      try await eventually("it is parked") { try await site.parked() == ["7|mapping"] }
      #expect(
        try await site.sql("SELECT message FROM rollcall.parked").contains(
          "invalid input syntax for type integer"))
      try await site.sql("UPDATE users SET email = '7' WHERE id = 7")
      try await eventually("it is there") { try await site.names().count == 20 }
      try await eventually("nobody is parked") { try await site.parked().isEmpty }
    }
    try await site.expectInStep()
  }

  @Test func noNameAndARefusingSchemaAreToldToAPerson() async throws {
    let site = try await World.shared.site()
    try await site.sql(
      """
      INSERT INTO users VALUES (1, NULL, 'x', 'No Name', 'active'), (2, 'ben', 'x', '', 'active'),
        (3, 'cid', 'x', 'Cid Ok', 'active')
      """)
    let outcome = try await site.sync()
    #expect(outcome.parked == 2)
    #expect(try await site.names() == ["cid"])
    let messages = try await site.sql(
      "SELECT key || ': ' || reason || ': ' || message FROM rollcall.parked ORDER BY key")
    #expect(
      messages.contains("1: name-missing: ") && messages.contains("2: schema: ") && messages.contains("uid"))
    try await site.sql(
      "UPDATE users SET username = 'ann' WHERE id = 1; UPDATE users SET full_name = 'B' WHERE id = 2")
    #expect(try await site.sync().parked == 0)
    #expect(try await site.names() == ["ann", "ben", "cid"])
    try await site.expectInStep()
  }

  @Test func whoIsOutOfScopeIsRemovedThoughTheMappingFailsForThem() async throws {
    var settings = SiteSettings()
    settings.source = "where: \"status <> 'secret'\""
    settings.attributes = """
      uid: username
          cn: full_name
          sn: full_name
          departmentNumber: (email::int)::text
      """
    let site = try await World.shared.site(settings)
    try await site.sql("INSERT INTO users VALUES (1, 'ann', '1', 'Ann', 'active')")
    try await site.sync()
    try await site.sql("UPDATE users SET status = 'secret', email = 'broken'")
    #expect(try await site.sync().parked == 0)
    #expect(try await site.names().isEmpty)
  }
}
