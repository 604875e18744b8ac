import LDAP
import LDAPModel
import RollcallCore
import RollcallEngine
import Sandbox
import Testing

@testable import RollcallAdministration

/// G8: a mass loss of memberships waits for a person, apart from everything else.
@Suite struct LeaveBudgetTests {
  /// Sixty people in three groups of twenty.
  private func sixty(_ removals: String = "most: 10%, least: 25") async throws -> Site {
    var settings = SiteSettings.groups()
    settings.more = "removals: { \(removals) }\nsweep: { every: 1s }"
    let site = try await World.shared.site(settings)
    try await site.insert((1...60).map { "u\($0)" })
    try await site.sql("INSERT INTO user_roles SELECT id, 'g' || id % 3 FROM users")
    try await site.sync()
    #expect(try await site.memberCount() == 60)
    return site
  }

  private func held(_ site: Site) async throws -> String {
    try await site.sql("SELECT action, count(*) FROM rollcall.held WHERE NOT approved GROUP BY action ORDER BY action")
  }

  @Test("G8: memberships lost at once are held, and nothing else is", arguments: ["truncate", "delete", "mapping"])
  func aMassLoss(kind: String) async throws {
    let site = try await sixty()
    switch kind {
    case "truncate": try await site.sql("TRUNCATE user_roles")
    case "delete": try await site.sql("DELETE FROM user_roles WHERE user_id <= 50")
    default: try await site.sql("UPDATE user_roles SET role = 'slipped' || user_id WHERE user_id <= 50")
    }
    let people = kind == "truncate" ? 60 : 50
    try await site.withDaemon { _ in
      try await eventually("\(kind): they are held") {
        try await held(site) == "leave|\(people)"
      }
      let why = "SELECT count(*) FROM rollcall.held WHERE reason LIKE '%budget%; leaves cn=g%'"
      #expect(try await site.sql(why) == "\(people)")
      // Everything else about them flows: values, names, which their groups follow, and new groups.
      try await site.sql(
        """
        UPDATE users SET email = 'new' WHERE id = 1;
        UPDATE users SET username = 'renamed' WHERE id = 3;
        INSERT INTO user_roles VALUES (3, 'more');
        """)
      try await eventually("\(kind): a value flows") { try await site.value("mail", of: "1") == "new" }
      try await eventually("\(kind): she joins") { try await site.members("more") == ["renamed"] }
      try await eventually("\(kind): her groups follow") { try await site.members("g0")?.contains("renamed") == true }
      for group in ["g1", "g2"] { #expect(try await site.members(group)?.count == 20, "\(kind)") }
      // What comes back dissolves its hold; what is released goes.
      try await site.sql("INSERT INTO user_roles VALUES (4, 'g1'), (5, 'g2')")
      try await eventually("\(kind): two holds are gone") { try await held(site) == "leave|\(people - 2)" }
      try await site.release(["1", "2"])
      try await eventually("\(kind): two have left") {
        let (first, second) = (try await site.members("g1") ?? [], try await site.members("g2") ?? [])
        return !first.contains("u1") && !second.contains("u2")
      }
      try await eventually("\(kind): what is done is not held") { try await held(site) == "leave|\(people - 4)" }
    }
    let outcome = try await site.sync(full: true)
    #expect(outcome.applied == 0 && outcome.held == people - 4, "\(kind): \(outcome)")
    #expect(try await site.names().count == 60)
  }

  @Test("G8: few memberships go at once, until the budget ends")
  func aDrip() async throws {
    let site = try await sixty("most: 0%, least: 3")
    try await site.withDaemon { _ in
      try await site.sql("DELETE FROM user_roles WHERE user_id IN (1, 2)")
      try await eventually("two leave") { try await site.memberCount() == 58 }
      try await site.sql("DELETE FROM user_roles WHERE user_id = 3")
      try await eventually("a third") { try await site.memberCount() == 57 }
      try await site.sql("DELETE FROM user_roles WHERE user_id = 4")
      try await eventually("the fourth is held") { try await held(site) == "leave|1" }
      // The budget for people is another one, and whoever is removed leaves the groups within it.
      try await site.sql("DELETE FROM users WHERE id IN (5, 6, 7)")
      try await eventually("three people go, and out of their groups") {
        let people = try await site.names().count
        return try await site.memberCount() == 54 && people == 57
      }
      try await site.sql("DELETE FROM users WHERE id = 8")
      try await eventually("the next is held") { try await held(site) == "delete|1\nleave|1" }
    }
    #expect(try await site.memberCount() == 54)
  }

  @Test("G8: plan foretells which memberships would be held")
  func aForecast() async throws {
    let site = try await sixty()
    try await site.sql("TRUNCATE user_roles")
    let result = try await site.plan()
    #expect(result.held.count == 60 && result.held.allSatisfy { $0.action == .leave })
    #expect(result.foretold.count == 60 && result.plan.sequences.isEmpty)
  }
}

extension Site {
  /// Memberships in all groups below the base.
  fileprivate func memberCount() async throws -> Int {
    try await search(groupsBase, .oneLevel, ["member"]).map { $0["member"].count }.reduce(0, +)
  }

  /// What `rollcall release` does.
  func release(_ keys: [String]) async throws {
    let list = keys.map { "'\($0)'" }.joined(separator: ", ")
    try await sql(
      """
      UPDATE rollcall.held SET approved = true WHERE subject IN (\(list));
      INSERT INTO rollcall.request (directory, kind) VALUES ('\(name)', 'release');
      SELECT pg_notify('rollcall', '{"request":"\(name)"}')
      """)
  }
}
