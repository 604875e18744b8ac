import Foundation
import LDAPModel
import Sandbox
import Testing

@Suite(.serialized) struct PlanTests {
  @Test func nothingOnStandardOutputWhereNothingIsToDo() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.hire(["ada"])
    try await site.succeed("sync")
    let ran = try await site.succeed("plan")
    #expect(ran.output.isEmpty)
    #expect(ran.errors == "0 operations for 0 keys, 0 held, 0 parked\n")
  }

  @Test func whatItPrintsCanBeApplied() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.hire(["ada", "bo", "cy"])
    try await site.succeed("sync")
    try await site.sql(
      """
      UPDATE users SET username = CASE id WHEN 1 THEN 'bo' ELSE 'ada' END WHERE id IN (1, 2);
      UPDATE users SET email = 'c.y@example.com', full_name = ' Ümläut #1' WHERE id = 3;
      INSERT INTO users VALUES (4, 'd,e "f"', 'd@example.com', 'D', 'active');
      """)
    let ran = try await site.rollcall("plan")
    #expect(ran.code == 2)
    #expect(ran.output.hasPrefix("version: 1\n\n# key "))
    #expect(ran.output.contains("# key 4: create\n"))
    #expect(ran.output.contains("# key 3: update\n"))
    #expect(
      ran.output.contains("# key 1: temporary-rename\n") || ran.output.contains("# key 2: temporary-rename\n")
    )
    #expect(ran.errors.hasSuffix("for 4 keys, 0 held, 0 parked\n"))
    try await site.directory.modify(ran.output)
    let after = try await site.succeed("plan")
    #expect(after.output.isEmpty)
  }

  @Test func oneKeyAlone() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.hire(["ada", "bo"])
    let ran = try await site.rollcall("plan", "2")
    #expect(ran.code == 2)
    #expect(ran.output.contains("dn: uid=bo,") && !ran.output.contains("uid=ada"))
    #expect(try await site.names().isEmpty)
  }

  @Test func aKeyWithNothingToDoIsToldWhereItStands() async throws {
    var settings = SiteSettings()
    settings.source += "\n  where: id <> 3"
    settings.users += "\n  inactive: delete"
    let site = try await House.shared.site(settings)
    try await site.install()
    try await site.hire(["ada", "bo", "cy"])
    try await site.sql("UPDATE users SET status = 'left' WHERE id = 2")
    try await site.succeed("sync")
    let ran = try await site.rollcall("plan", "1", "2", "3", "9", "none")
    #expect(ran.output.isEmpty && ran.code == 1, "who is unknown is an error")
    #expect(
      Set(ran.errors.split(separator: "\n").map(String.init)) == [
        "key 1: nothing to do: its row is active, its entry is uid=ada,\(site.base)",
        "key 2: nothing to do: source.active says that the person is inactive, no entry carries it",
        "key 3: nothing to do: source.where excludes its row, no entry carries it",
        "key 9: unknown: no row has this key, and no entry carries it",
        "key none: unknown: no row has this key, and no entry carries it",
        "0 operations for 0 keys, 0 held, 0 parked",
      ])
    #expect(try await site.succeed("plan", "1", "2", "3").output.isEmpty)
  }

  @Test func whoIsParkedIsSaidBesideWhatWouldBeDone() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.directory.modify(
      "dn: uid=ada,\(site.base)\nobjectClass: inetOrgPerson\nuid: ada\ncn: Other\nsn: Other\n")
    try await site.hire(["ada"])
    try await site.rollcall("sync")
    #expect(try await site.status().parked.map(\.key) == ["1"])
    // The cause has gone, and nobody has told.
    try await site.directory.modify("dn: uid=ada,\(site.base)\nchangetype: delete\n")
    let ran = try await site.rollcall("plan", "1")
    #expect(ran.code == 2)
    #expect(ran.output.contains("# key 1: create\n"))
    #expect(ran.output.contains("# parked at present: key 1: name-taken: "))
    #expect(ran.errors == "1 operation for 1 key, 0 held, 1 parked\n")
  }

  @Test func passwordsAreHidden() async throws {
    var settings = SiteSettings()
    settings.users += "\n  password: \"'Tiger-' || id\""
    let site = try await House.shared.site(settings)
    try await site.install()
    try await site.hire(["ada"])
    let ran = try await site.rollcall("plan")
    #expect(ran.code == 2)
    #expect(ran.output.contains("userPassword: ***\n"))
    let json = try await site.rollcall("plan", "--json")
    #expect(json.output.contains("userPassword: ***"))
    let sync = try await site.succeed("sync")
    for words in [ran.words, json.words, sync.words] { #expect(!words.contains("Tiger-")) }
  }

  @Test func parkedAndHeldAreCommentsAmongTheOperations() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.sql(
      "INSERT INTO users VALUES (1, NULL, 'x', E'No\\nName', 'active'), (2, 'bo', 'x', 'B', 'active')")
    let ran = try await site.rollcall("plan")
    #expect(ran.code == 2)
    #expect(ran.output.contains("# parked: key 1: name-missing: "))
    #expect(ran.output.contains("dn: uid=bo,"))
    #expect(ran.errors.contains("0 held, 1 parked"))
    try LDIFCheck.expectRecords(1, in: ran.output)
  }

  @Test func jsonForPrograms() async throws {
    let site = try await House.shared.site()
    try await site.install()
    let empty = try await site.succeed("plan", "--json")
    try await site.sql(
      "INSERT INTO users VALUES (1, NULL, 'x', 'N', 'active'), (2, 'bo', 'x', 'B', 'active')")
    struct Page: Decodable {
      struct Operation: Decodable {
        var key: String
        var what: String
        var dn: String
        var ldif: String
      }
      struct Parked: Decodable {
        var key: String
        var reason: String
      }
      var operations: [Operation]
      var parked: [Parked]
    }
    let none = try JSONDecoder().decode(Page.self, from: Data(empty.output.utf8))
    #expect(none.operations.isEmpty && none.parked.isEmpty)
    let ran = try await site.rollcall("plan", "--json")
    #expect(ran.code == 2)
    let page = try JSONDecoder().decode(Page.self, from: Data(ran.output.utf8))
    #expect(page.operations.map(\.what) == ["create"])
    #expect(page.operations.first?.dn == "uid=bo,\(site.base)")
    #expect(page.operations.first?.ldif.contains("changetype: add") == true)
    #expect(page.parked.map(\.key) == ["1"])
  }

  @Test func itTakesNoLockAndWritesNothing() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.hire(["ada"])
    try await site.rollcall("plan")
    #expect(try await site.sql("SELECT count(*) FROM rollcall.directory") == "0")
    #expect(try await site.names().isEmpty)
  }

  @Test func aServerThatIsAwayIsAnError() async throws {
    let site = try await House.shared.site()
    try await site.install()
    let noDirectory = try site.with(site.directory.url, "ldap://127.0.0.1:\(try FreePort.next())")
    let one = try await noDirectory.rollcall("plan")
    #expect(one.code == 1 && one.output.isEmpty)
    #expect(one.errors.contains("LDAP: connect"))
    let noDatabase = try site.with("port=\(site.postgres.port)", "port=\(try FreePort.next())")
    let two = try await noDatabase.rollcall("plan")
    #expect(two.code == 1 && two.output.isEmpty)
    #expect(two.errors.contains("PostgreSQL: "))
  }
}

enum LDIFCheck {
  static func expectRecords(_ count: Int, in text: String) throws {
    #expect(try LDIF.parse(text).count == count)
  }
}
