import Foundation
import PageBlocks
import Sandbox
import Testing

/// What monitors and scripts take from `status`: its JSON as the page about operations describes it, its exit codes, the
/// backlog, and the commands that it names.
@Suite(.serialized) struct StatusFieldsTests {
  /// A JSON value by its type.
  private enum Value: Decodable {
    case null, boolean, integer, number, string
    case array([Value])
    case object([String: Value])

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if container.decodeNil() {
        self = .null
      } else if (try? container.decode(Bool.self)) != nil {
        self = .boolean
      } else if (try? container.decode(Int.self)) != nil {
        self = .integer
      } else if (try? container.decode(Double.self)) != nil {
        self = .number
      } else if (try? container.decode(String.self)) != nil {
        self = .string
      } else if let items = try? container.decode([Value].self) {
        self = .array(items)
      } else {
        self = .object(try container.decode([String: Value].self))
      }
    }

    var type: String {
      switch self {
      case .null: "null"
      case .boolean: "boolean"
      case .integer: "integer"
      case .number: "number"
      case .string: "string"
      case .array: "array"
      case .object: "object"
      }
    }

    /// Each path below it with its type: `held[].key` is a string.
    func fields(_ path: String) -> [(path: String, type: String)] {
      switch self {
      case .object(let members):
        members.flatMap { name, value in
          let path = path.isEmpty ? name : "\(path).\(name)"
          return [(path, value.type)] + value.fields(path)
        }
      case .array(let items): items.flatMap { $0.fields(path + "[]") }
      case .null, .boolean, .integer, .number, .string: []
      }
    }
  }

  /// A site with a parked key, a held removal, a pinned key and a problem.
  private func site() async throws -> Site {
    var settings = SiteSettings()
    settings.more = "removals: { most: 0%, least: 0 }"
    let site = try await House.shared.site(settings)
    try await site.install()
    try await site.hire(["ada", "bo", "cy"])
    try await site.succeed("sync")
    try await site.rollcall("pin", "3", "--because", "x")
    try await site.sql(
      """
      INSERT INTO users VALUES (7, NULL, 'x', 'N', 'active'); DELETE FROM users WHERE id IN (1, 3);
      """)
    try await site.rollcall("sync")
    return site
  }

  @Test("every field of the JSON is described, with its type, and no other")
  func everyField() async throws {
    let site = try await site()
    try await site.sql(
      """
      INSERT INTO rollcall.problem (directory, code, message) VALUES ('\(site.name)', 'capture', 'x');
      INSERT INTO rollcall.leaver (directory, key, dn, state) VALUES ('\(site.name)', '9', 'uid=x', '');
      UPDATE rollcall.directory SET delete_after = interval '30 days'
      """)
    let text = try await site.rollcall("status", "--json").output
    let found = try JSONDecoder().decode(Value.self, from: Data(text.utf8)).fields("")
    // Rows with a type and a meaning.
    let described = Dictionary(
      uniqueKeysWithValues: try Page.named("Operations").rows.filter { $0.columns.count == 2 }
        .map { ($0.name, $0.columns[0]) }.filter { Self.isType($0.1) })
    #expect(Set(found.map(\.path)) == Set(described.keys))
    for (path, type) in found {
      let allowed = described[path]?.components(separatedBy: " or ") ?? []
      let isAllowed = allowed.contains(type) || type == "integer" && allowed.contains("number")
      #expect(isAllowed, "\(path) is \(type), described as \(described[path] ?? "nothing")")
    }
  }

  private static func isType(_ text: String) -> Bool {
    text.components(separatedBy: " or ").allSatisfy {
      ["string", "integer", "number", "boolean", "null", "array", "object"].contains($0)
    }
  }

  @Test("--fail-on makes it fail for these alone")
  func failOn() async throws {
    let site = try await site()
    func code(_ list: String) async throws -> Int32? { try await site.rollcall("status", "--fail-on", list).code }
    #expect(try await site.rollcall("status").code == 1)
    for list in ["parked", "held", "parked,held,behind"] { #expect(try await code(list) == 1, "\(list)") }
    #expect(try await code("behind") == 0)
    try await site.sql("DELETE FROM users WHERE id = 7")
    try await site.rollcall("sync")
    #expect(try await code("parked,behind") == 0)
    #expect(try await code("held") == 1)
    try await site.succeed("release", "1")
    try await site.rollcall("sync")
    // The removal of the one who is pinned still waits for a person.
    #expect(try await site.status().held.isEmpty)
    #expect(try await code("held") == 1)
    try await site.sql("UPDATE rollcall.directory SET looked_at = now() - interval '1 hour'")
    #expect(try await code("behind") == 1)
    #expect(try await code("parked") == 0)
    for bad in ["", "parked,", "lag", "parked held"] { #expect(try await code(bad) == 64, "\(bad)") }
  }

  @Test("each held removal comes with its reason and the command that approves it")
  func theCommandThatReleases() async throws {
    let site = try await site()
    let held = try #require(try await site.status().held.first)
    #expect(held.key == "1" && held.release == "rollcall release --config \(site.file) 1")
    let text = try await site.rollcall("status").output
    #expect(text.contains("since \(held.since)]; \(held.release)\n"))
    #expect(text.contains("parked 7: ") && text.contains("[name-missing, since 20"))
    let command = held.release.replacing("rollcall release", with: "DB_PASSWORD=$0 \(Rollcall.program) release")
    let ran = try await Rollcall.shell(command.replacing("$0", with: site.environment["DB_PASSWORD"] ?? ""))
    #expect(ran.code == 0, "\(ran.words)")
    #expect(try await site.status().held.isEmpty)
  }

  @Test("what has settled of a long stretch of the log is not in the backlog")
  func theBacklog() async throws {
    var settings = SiteSettings()
    settings.more = "sweep: { every: 1s }"
    let site = try await House.shared.site(settings)
    try await site.install()
    try await site.hire(["ada"])
    let proxy = try await TCPProxy.start(to: site.directory.port)
    let slow = try site.with("url: \(site.directory.url)", "url: ldap://127.0.0.1:\(proxy.port)")
    try await slow.withDaemon { _ in
      try await soon("ada is there") { try await site.names() == ["ada"] }
      await proxy.delay(.milliseconds(100))
      let count = 4000
      try await site.sql(
        "INSERT INTO users SELECT n, 'u' || n, 'u@example.com', 'Full U' || n, 'active' FROM generate_series(10, \(count + 9)) n"
      )
      var seen: [Int] = []
      try await soon("some have settled and some have not, and it shows") {
        let backlog = try await site.status().backlog ?? 0
        let beyond = try await site.sql(
          """
          SELECT count(*) FROM rollcall.change c, rollcall.directory d WHERE NOT pg_visible_in_snapshot(c.xid, d.watermark)
          """)
        seen.append(backlog)
        return Int(beyond) == count && backlog < count * 9 / 10 && backlog > 0
      }
      await proxy.delay(.zero)
      try await soon("all have settled") { try await site.status().backlog == 0 }
      #expect(seen.allSatisfy { $0 <= count })
    }
    await proxy.stop()
  }
}
