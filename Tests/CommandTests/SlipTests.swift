import Glibc
import Sandbox
import Testing

/// A slip in the mapping that a running daemon takes up at SIGHUP.
@Suite(.serialized) struct SlipTests {
  private static let slip =
    "the first comparison after a change of the mapping, the scope or the schema holds every removal"

  /// Sixty people in step, ten of them external, each in a group named for the status.
  private func sixty() async throws -> Site {
    var settings = SiteSettings()
    settings.source = """
      table: public.users
        key: id
        where: status IN ('active', 'external')
        active: status IS NOT NULL
      """
    settings.more = """
      groups:
        base: BASE
        membership: "ARRAY['staff', CASE WHEN status IN ('active', 'external') THEN 'guests' END]"
      removals: { most: 10%, least: 25 }
      sweep: { every: 1s }
      """
    let made = try await House.shared.site(settings)
    let site = try made.with("base: BASE", "base: ou=groups,\(made.base)")
    try await site.directory.modify(
      "dn: ou=groups,\(made.base)\nchangetype: add\nobjectClass: organizationalUnit\nou: groups\n")
    try await site.install()
    try await site.sql(
      """
      INSERT INTO users SELECT n, 'u' || n, 'u@example.com', 'Full U' || n,
        CASE WHEN n <= 10 THEN 'external' ELSE 'active' END
      FROM generate_series(1, 60) n
      """)
    try await site.succeed("sync")
    #expect(try await site.names().count == 60)
    #expect(try await members(site) == 60)
    return site
  }

  private func members(_ site: Site) async throws -> Int {
    let text = try await site.directory.search(
      base: "cn=guests,ou=groups,\(site.base)", scope: "base", attributes: ["member"])
    return text.split(separator: "\n").count { $0.hasPrefix("member: ") }
  }

  private func reload(_ site: Site, _ daemon: ChildProcess, _ yaml: String, _ times: Int) async throws {
    let name = try #require(site.file.split(separator: "/").last)
    _ = try site.folder.write(yaml, to: "\(name)")
    daemon.send(SIGHUP)
    try await soon("it is reloaded") {
      try daemon.printed().split(separator: "\n").count { $0.contains("configuration reloaded") } == times
    }
  }

  enum Place: String, CaseIterable, Sendable {
    case `where` = "where: status IN ('active', 'external')"
    case active = "active: status IS NOT NULL"
    case membership = "WHEN status IN ('active', 'external')"

    var slipped: String {
      switch self {
      case .where: "where: status IN ('active', 'extern')"
      case .active: "active: status <> 'external'"
      case .membership: "WHEN status IN ('active', 'extern')"
      }
    }

    var action: String {
      switch self {
      case .where: "delete"
      case .active: "disable"
      case .membership: "leave"
      }
    }
  }

  @Test(
    "G8: the first comparison after a reload that changes the mapping holds every removal", arguments: Place.allCases)
  func isHeld(_ place: Place) async throws {
    let site = try await sixty()
    try await site.withDaemon { daemon in
      try await reload(site, daemon, site.yaml.replacing(place.rawValue, with: place.slipped), 1)
      try await soon("ten are held") {
        try await site.status().held.map(\.action)
      } is: {
        $0 == Array(repeating: place.action, count: 10)
      }
      #expect(try daemon.printed().contains(Self.slip))
      #expect(try await site.names().count == 60)
      #expect(try await members(site) == 60)
      #expect(try await site.values("employeeType", of: "1").isEmpty)
      // Back again: the holds dissolve, and the next removal is within the budget.
      try await reload(site, daemon, site.yaml, 2)
      try await soon("nothing is held") { try await site.status().held.isEmpty }
      try await site.sql("DELETE FROM users WHERE id = 1")
      try await soon("one has left") { try await site.names().count == 59 }
      try await soon("and is in no group") { try await members(site) == 59 }
    }
  }
}
