import LDAPModel
import RollcallEngine
import Sandbox
import Testing

/// A site whose daemon may use either of two servers that replicate to each other.
struct MirroredSite: Sendable {
  let folder: TemporaryFolder
  let postgres: PostgresServer
  let servers: MirroredDirectories
  /// The site as the first server shows it, and as the second does.
  let atFirst: Site
  let atSecond: Site

  /// - Parameters:
  ///   - isMirror: whether both take writes; otherwise the second is a replica that only reads from the first.
  ///   - referral: whether that replica says where to go.
  ///   - hasClock: whether the account may read how far the servers are.
  ///   - urls: in the order of the configuration, made of the first server's and the second one's.
  static func start(
    _ settings: SiteSettings = SiteSettings(), isMirror: Bool = true, referral: Bool = false, hasClock: Bool = true,
    urls: @Sendable (String, String) async throws -> [String] = { [$0, $1] }
  ) async throws -> MirroredSite {
    let folder = try TemporaryFolder()
    async let postgres = PostgresServer.start(
      in: folder, settings: ["max_connections": "100", "synchronous_commit": "on"], durable: false)
    var options = OpenLDAPOptions()
    options.durable = false
    if !hasClock { options.access = ["access to dn.base=\"\(options.suffix)\" attrs=contextCSN by * none"] }
    let servers = try await MirroredDirectories.start(
      in: folder, options: options, isMirror: isMirror, referral: referral)
    var settings = settings
    settings.directory += "\n  timeout: 3s"
    settings.directoryURLs = try await urls(servers.first.url, servers.second.url)
    let first = try await Site.make(number: 1, settings, try await postgres, servers.first)
    try await servers.converge()
    let second = Site(
      first.name, first.base, first.configuration, first.yaml, first.postgres, servers.second)
    return MirroredSite(
      folder: folder, postgres: first.postgres, servers: servers, atFirst: first, atSecond: second)
  }

  /// Starts the first server again and lets the two replicate, until they hold the same.
  func bringFirstBack() async throws {
    await servers.toSecond.resume()
    await servers.toSecond.cut()
    try await servers.first.start()
    try await servers.converge()
  }

  /// The values of `mail` at a server, by key.
  func mails(_ site: Site) async throws -> [String: String] {
    let entries = try await site.entries(["employeeNumber", "mail"]).values
    return Dictionary(
      entries.map { ($0["employeeNumber"].first?.text ?? "", $0["mail"].first?.text ?? "") },
      uniquingKeysWith: { "\($0) and \($1)" })
  }

  /// Waits until a server holds what the table says, judged by nothing of Rollcall's.
  func expectContent(_ site: Site, within limit: Duration = .seconds(30)) async throws {
    let rows = try await site.sql("SELECT id || ' ' || email FROM users").split(separator: "\n")
    let wanted = Dictionary(
      uniqueKeysWithValues: rows.map { row in
        let parts = row.split(separator: " ").map(String.init)
        return (parts[0], parts[1])
      })
    let name = site === atFirst ? "first" : "second"
    try await eventually(within: limit, "the \(name) server holds what the table says", poll: .milliseconds(100)) {
      let found = try await mails(site)
      return wanted.keys.filter { found[$0] != wanted[$0] }.count + found.keys.count { wanted[$0] == nil }
    } is: {
      $0 == 0
    }
  }

  /// Waits until what is remembered of the first server is all that it has.
  func covered() async throws {
    try await eventually("the clock covers what was confirmed") {
      let ldif = try await servers.first.search(base: servers.first.suffix, scope: "base", attributes: ["contextCSN"])
      let times = ldif.split(separator: "\n").filter { $0.hasPrefix("contextCSN: ") }.map {
        String($0.dropFirst(12).prefix { $0 != "#" })
      }
      let known = try await atFirst.sql("SELECT clock FROM rollcall.server ORDER BY seen DESC LIMIT 1")
      return !times.isEmpty && times.allSatisfy(known.contains)
    }
  }

  /// Waits until the change log has settled.
  func settled() async throws {
    try await eventually("all is settled") {
      try await atFirst.sql(
        """
        SELECT count(*) FROM rollcall.change c, rollcall.directory d
        WHERE d.watermark IS NULL OR NOT pg_visible_in_snapshot(c.xid, d.watermark)
        """) == "0"
    }
  }
}
