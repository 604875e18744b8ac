import LDAPModel
import RollcallEngine
import Sandbox
import Testing

/// Keys whose type changes or that fit no type, and arrays of types that users have made.
@Suite struct KeysAndArraysTests {
  @Test("G5: a key that is widened under the daemon is asked for by its new type")
  func aWidenedKey() async throws {
    let site = try await World.shared.site()
    try await site.insert(["ann"])
    try await site.withDaemon { _ in
      try await eventually("ann is there") { try await site.names() == ["ann"] }
      try await site.sql("ALTER TABLE users ALTER id TYPE bigint")
      try await site.sql("INSERT INTO users VALUES (9007199254740993, 'ben', 'b', 'Ben', 'active')")
      try await eventually("ben is there") { try await site.value("uid", of: "9007199254740993") == "ben" }
      try await site.sql("UPDATE users SET email = 'c' WHERE id = 9007199254740993")
      try await eventually("he is changed") { try await site.value("mail", of: "9007199254740993") == "c" }
    }
    try await site.expectInStep()
  }

  @Test("G5: an entry whose link fits no key is named and left alone")
  func aLinkThatIsNoKey() async throws {
    var settings = SiteSettings()
    settings.schema = "CREATE TABLE users (id text PRIMARY KEY, username text, email text, full_name text, status text)"
    let site = try await World.shared.site(settings)
    try await site.sql(
      "INSERT INTO users VALUES ('abc', 'ann', 'a', 'Ann', 'active'), ('7', 'ben', 'b', 'Ben', 'active')")
    try await site.sync()
    try await site.sql("DELETE FROM users WHERE id = 'abc'; ALTER TABLE users ALTER id TYPE int USING id::int")
    try await site.sync(full: true)
    #expect(try await site.names() == ["ann", "ben"])
    #expect(try await site.parked() == ["abc|mapping"])
  }

  @Test("G5: a key's new type under the daemon makes nobody absent whose link does not fit it")
  func anotherTypeUnderTheDaemon() async throws {
    var settings = SiteSettings()
    settings.schema = "CREATE TABLE users (id text PRIMARY KEY, username text, email text, full_name text, status text)"
    let site = try await World.shared.site(settings)
    try await site.sql(
      "INSERT INTO users VALUES ('abc', 'ann', 'a', 'Ann', 'active'), ('7', 'ben', 'b', 'Ben', 'active')")
    try await site.withDaemon { _ in
      try await eventually("both are there") { try await site.names() == ["ann", "ben"] }
      try await site.sql(
        "BEGIN; DELETE FROM users WHERE id = 'abc'; ALTER TABLE users ALTER id TYPE int USING id::int; COMMIT")
      try await eventually("she is set aside") { try await site.parked() == ["abc|mapping"] }
      try await site.sql("UPDATE users SET email = 'c'")
      try await eventually("he is changed") { try await site.value("mail", of: "7") == "c" }
      try await site.sql("INSERT INTO users VALUES (8, 'cid', 'c', 'Cid', 'active')")
      try await eventually("another one is there") { try await site.names() == ["ann", "ben", "cid"] }
    }
    try await site.sync(full: true)
    #expect(try await site.names() == ["ann", "ben", "cid"])
    #expect(try await site.parked() == ["abc|mapping"])
  }

  @Test("G8: another type of the key is another mapping: everybody is compared, and every removal held")
  func anotherTypeIsAnotherMapping() async throws {
    var settings = SiteSettings()
    settings.more = "removals: { most: 10%, least: 5 }"
    let site = try await World.shared.site(settings)
    try await site.insert(["ann", "ben"])
    try await site.sync()
    let before = try await site.sql("SELECT fingerprint FROM rollcall.directory")
    // Nothing is logged, so that only a comparison of everybody finds it.
    try await site.sql("SET session_replication_role = replica; DELETE FROM users WHERE id = 2")
    try await site.sql("ALTER TABLE users ALTER id TYPE bigint")
    try await site.sync()
    #expect(try await site.sql("SELECT fingerprint FROM rollcall.directory") != before)
    #expect(try await site.sql("SELECT subject FROM rollcall.held") == "2")
    #expect(try await site.names() == ["ann", "ben"])
  }

  @Test func keysThatUnicodeTakesForOneAreTwoPeople() async throws {
    var settings = SiteSettings()
    settings.schema = "CREATE TABLE users (id text PRIMARY KEY, username text, email text, full_name text, status text)"
    let site = try await World.shared.site(settings)
    try await site.sql(
      "INSERT INTO users VALUES (U&'caf\\00E9', 'ann', 'a', 'Ann', 'active'), (U&'cafe\\0301', 'ben', 'b', 'Ben', 'active')"
    )
    try await site.sync()
    // The directory takes them for one, so both are set aside, each by its own name.
    #expect(
      try await site.sql("SELECT octet_length(key), reason FROM rollcall.parked ORDER BY 1")
        == "5|duplicate-link\n6|duplicate-link")
    #expect(
      try await site.sql(
        "SELECT count(*) FROM rollcall.parked WHERE position('person ' || key || ' and ' IN message) = 1") == "2")
  }

  @Test func arraysOfTypesOfOnesOwn() async throws {
    var settings = SiteSettings()
    settings.schema = """
      CREATE TYPE color AS ENUM ('red', 'dark blue'); CREATE DOMAIN phone AS text; CREATE DOMAIN picture AS bytea;
      CREATE DOMAIN phones AS text[]; CREATE TYPE pair AS (a int, b int);
      CREATE TABLE users (id int PRIMARY KEY, username text, email text, full_name text, status text, colors color[],
        numbers phone[], pictures picture[], more phones, pairs pair[]);
      """
    settings.attributes += """

          description: colors
          telephoneNumber: numbers
          jpegPhoto: pictures
          homePhone: more
          carLicense: pairs
      """
    let site = try await World.shared.site(settings)
    try await site.sql(
      """
      INSERT INTO users VALUES (1, 'ann', 'a', 'Ann', 'active', '{red,"dark blue"}', '{"+1, 2",+3}',
        ARRAY['\\x00ff'::bytea, '\\xff']::picture[], '{+4,+5}', ARRAY[(1, 2)::pair, (3, 4)::pair])
      """)
    try await site.sync()
    let ann = try #require(try await site.entries().values.first)
    #expect(Set(ann["description"]) == ["red", "dark blue"])
    #expect(Set(ann["telephoneNumber"]) == ["+1, 2", "+3"])
    #expect(Set(ann["jpegPhoto"]) == [AttributeValue(bytes: [0, 255]), AttributeValue(bytes: [255])])
    #expect(Set(ann["homePhone"]) == ["+4", "+5"])
    #expect(Set(ann["carLicense"]) == ["(1,2)", "(3,4)"])
    try await site.expectInStep()
  }

  @Test("G11: the value of a create_only expression is in no message")
  func firstValues() async throws {
    var settings = SiteSettings()
    settings.users += "\n  create_only: { description: \"(full_name::int)::text\" }"
    let site = try await World.shared.site(settings)
    try await site.sql("INSERT INTO users VALUES (1, 'ann', 'a', 'geheim', 'active')")
    let sink = LogSink()
    try await site.sync(logger: sink.logger)
    #expect(sink.text.contains("users.create_only.description") && !sink.text.contains("geheim"))
    let message = try await site.sql("SELECT message FROM rollcall.parked")
    #expect(message.contains("users.create_only.description") && !message.contains("geheim"))
  }
}
