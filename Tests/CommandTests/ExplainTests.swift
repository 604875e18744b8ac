import Foundation
import Sandbox
import Testing

/// Why is this person, or is she not, in the directory?
@Suite(.serialized) struct ExplainTests {
  @Test func aPersonInStep() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.hire(["ada"])
    try await site.withDaemon { _ in
      try await soon("ada is there") { try await site.names() == ["ada"] }
      let text = try await site.succeed("explain", "1")
      #expect(
        text.output.hasPrefix("key 1: in step: its entry is uid=ada,\(site.base)\n\nrow         ok      a row has"))
      #expect(text.output.contains("\n                    status = active\n"))
      #expect(text.output.contains("\n                    mail: ada@example.com\n"))
      #expect(text.output.hasSuffix("the next change of the row is written when it is committed\n"))
      #expect(text.errors.isEmpty)
      let ran = try await site.succeed("explain", "1", "--json")
      let object = try #require(try JSONSerialization.jsonObject(with: Data(ran.output.utf8)) as? [String: Any])
      #expect(Set(object.keys) == ["key", "directory", "verdict", "steps", "next"])
      let steps = try #require(object["steps"] as? [[String: Any]])
      #expect(
        steps.map { $0["name"] as? String } == [
          "row", "scope", "mapping", "match", "difference", "gate", "last_write", "next",
        ])
      #expect((steps[1]["columns"] as? [String: String]) == ["status": "active"])
      #expect((steps[2]["attributes"] as? [String: [String]])?["mail"] == ["ada@example.com"])
      #expect(steps[3]["dn"] as? String == "uid=ada,\(site.base)")
      let explained = try ExplainOutput(parsing: ran.output)
      #expect(explained.verdict == "in_step" && explained.key == "1" && explained.directory == site.name)
      #expect(
        ["row", "scope", "mapping", "match", "difference", "gate", "last_write", "next"].allSatisfy {
          explained[$0]?.outcome == "ok"
        }
      )
    }
  }

  @Test func aChangeByHandIsPendingWhileADaemonLeads() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.hire(["ada"])
    try await site.withDaemon { _ in
      try await soon("ada is there") { try await site.names() == ["ada"] }
      try await site.directory.modify(
        "dn: uid=ada,\(site.base)\nchangetype: modify\nreplace: mail\nmail: wrong@example.com\n")
      let ran = try await site.rollcall("explain", "1")
      #expect(ran.code == 2)
      #expect(ran.output.hasPrefix("key 1: pending: update\n"))
      #expect(ran.output.contains("                    mail: wrong@example.com\n"))
      #expect(ran.output.contains("the next full comparison does it; rollcall sync 1 does it now\n"))
      #expect(try await site.succeed("sync", "1").output == "key 1: update\n")
      #expect(try await site.succeed("sync", "1").output == "key 1: nothing to do\n")
      #expect(try await site.succeed("explain", "1").output.hasPrefix("key 1: in step"))
    }
  }

  @Test func nobodyLeads() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.hire(["ada"])
    let ran = try await site.rollcall("explain", "1")
    #expect(ran.code == 1)
    #expect(ran.output.hasPrefix("key 1: blocked: no daemon runs for this directory (to do: create)\n"))
    #expect(ran.output.contains("                    changetype: add\n"))
    let explained = try await site.explain("1")
    #expect(
      explained.outcomes
        == "row=ok scope=ok mapping=ok match=no difference=wait gate=ok last_write=no next=no")
    #expect(explained["row"]?.text.contains("last logged change") == true)
  }

  @Test func whoIsParkedOrCannotBeMapped() async throws {
    var settings = SiteSettings()
    settings.users = settings.users.replacing("mail: email", with: "mail: \"(1 / (id - 2))::text || email\"")
    let site = try await House.shared.site(settings)
    try await site.install()
    try await site.hire(["ada", "bo"])
    try await site.sql("INSERT INTO users VALUES (3, NULL, 'x', 'N', 'active')")
    try await site.rollcall("sync")
    let bo = try await site.explain("2")
    #expect(bo.verdict == "blocked" && bo["mapping"]?.outcome == "error" && bo["gate"]?.outcome == "error")
    #expect(bo["mapping"]?.text.contains("division by zero") == true)
    #expect(bo["gate"]?.text.contains("parked since ") == true)
    let nameless = try await site.explain("3")
    #expect(nameless.verdict == "blocked" && nameless["mapping"]?.text.contains("no value for uid") == true)
    // Who stands in the way is named.
    try await site.sql("INSERT INTO users VALUES (4, 'ada', 'x', 'A', 'active')")
    let other = try await site.rollcall("explain", "4")
    #expect(other.code == 1 && other.output.contains("uid=ada,\(site.base)"))
  }

  @Test func whoIsHeldOrPinned() async throws {
    var settings = SiteSettings()
    settings.more = "removals: { most: 0%, least: 0 }"
    let site = try await House.shared.site(settings)
    try await site.install()
    try await site.hire(["ada", "bo"])
    try await site.succeed("sync")
    try await site.sql("DELETE FROM users WHERE id = 1")
    let before = try await site.explain("1")
    #expect(before.verdict == "blocked" && before["gate"]?.text.contains("would be held") == true)
    try await site.rollcall("sync")
    let held = try await site.explain("1")
    #expect(held.verdict == "blocked" && held["row"]?.outcome == "no" && held["gate"]?.outcome == "wait")
    #expect(held["gate"]?.text.contains("delete of uid=ada,\(site.base) is held since ") == true)
    #expect(held.next.hasPrefix("rollcall release 1 approves it"))
    #expect(
      try await site.rollcall("sync", "1", "2").output
        == "key 1: held: delete; rollcall release 1 approves it\nkey 2: nothing to do\n")
    #expect(try await site.rollcall("sync", "1").code == 1)
    #expect(try await site.rollcall("sync", "2").code == 0)
    try await site.sql(
      """
      INSERT INTO rollcall.pinned (directory, key, because, actor) VALUES ('\(site.name)', '2', 'case 4711', 'eve');
      UPDATE users SET email = 'new@example.com' WHERE id = 2
      """)
    let pinned = try await site.explain("2")
    #expect(pinned.verdict == "blocked" && pinned.next == "rollcall unpin 2 lets it be written again")
    #expect(pinned["gate"]?.text.hasPrefix("pinned by eve since ") == true)
  }

  @Test func whoIsNotInTheTable() async throws {
    var settings = SiteSettings()
    settings.source += "\n  where: id <> 3"
    settings.users += "\n  removed: keep"
    let site = try await House.shared.site(settings)
    try await site.install()
    try await site.hire(["ada", "bo", "cy"])
    try await site.succeed("sync")
    try await site.sql("DELETE FROM users WHERE id = 2")
    #expect(
      try await site.succeed("explain", "9").output.hasPrefix(
        "key 9: in step: no row has this key and no entry carries it\n"))
    #expect(
      try await site.succeed("explain", "none").output.contains("no row can have the key none"))
    #expect(
      try await site.succeed("explain", "2").output.hasPrefix(
        "key 2: in step: no row has this key, its entry is uid=bo,\(site.base)\n"))
    let outside = try await site.explain("3")
    #expect(outside.verdict == "in_step" && outside["scope"]?.outcome == "no")
    #expect(outside["scope"]?.text.hasPrefix("source.where excludes the row") == true)
    // An orphan that is to go.
    let deleting = try site.with("removed: keep", "removed: delete")
    let orphan = try await deleting.explain("2")
    #expect(orphan.verdict == "blocked" && orphan["match"]?.outcome == "ok")
  }

  @Test func byNameAndByFilter() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.hire(["ada", "bo"])
    // Before there is an entry, the row is found that wants to be it.
    #expect(try await site.explain("--dn", "uid=ada,\(site.base)").key == "1")
    #expect(try await site.explain("--find", "(mail=bo@example.com)").key == "2")
    try await site.succeed("sync")
    #expect(try await site.explain("--dn", "uid=ada,\(site.base)").verdict == "in_step")
    #expect(try await site.explain("--find", "(&(uid=bo)(mail=*))").key == "2")
    let several = try await site.rollcall("explain", "--find", "(uid=*)")
    #expect(several.code == 69 && several.errors.contains("matches several entries: keys 1, 2; name one of them"))
    let nobody = try await site.rollcall("explain", "--find", "(uid=zoe)")
    #expect(nobody.code == 69 && nobody.output.hasPrefix("unknown: no entry matches (uid=zoe)"))
    #expect(try await site.rollcall("explain", "--find", "(uid").code == 69)
    #expect(try await site.rollcall("explain", "1", "--dn", "uid=ada").code == 64)
    #expect(try await site.rollcall("explain").code == 64)
    // What nobody manages, and what another name does.
    try await site.directory.modify("dn: uid=tool,\(site.base)\nobjectClass: inetOrgPerson\nuid: tool\ncn: T\nsn: T\n")
    let tool = try await site.rollcall("explain", "--dn", "uid=tool,\(site.base)")
    #expect(tool.code == 0 && tool.output.contains("it has no employeeNumber, so it belongs to no row"))
    let base = "ou=other-\(site.name),\(site.directory.usersBase)"
    try await site.directory.modify(
      "dn: \(base)\nchangetype: add\nobjectClass: organizationalUnit\nou: other-\(site.name)\n")
    let other = try site.with("name: \(site.name)", "name: other").with("base: \(site.base)", "base: \(base)")
    try await other.succeed("sync")
    let theirs = try await site.rollcall("explain", "--dn", "uid=ada,\(base)")
    #expect(theirs.code == 69)
    #expect(theirs.output.hasPrefix("unknown: uid=ada,\(base) is managed by the directory name \"other\"\n"))
  }

  @Test func missingTriggers() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.hire(["ada"])
    try await site.succeed("sync")
    try await site.sql("ALTER TABLE users DISABLE TRIGGER USER; UPDATE users SET email = 'new@example.com'")
    let disabled = try await site.explain("1")
    #expect(disabled.verdict == "blocked" && disabled["row"]?.outcome == "error")
    #expect(disabled["row"]?.text.contains("the triggers of ") == true)
    try await site.sql("SELECT rollcall.unwatch('public.users')")
    #expect(try await site.explain("1")["row"]?.text.contains("has no triggers") == true)
  }
}
