import Reactor
import RollcallCore
import Sandbox
import Testing

@testable import RollcallEngine
@testable import RollcallLedger

/// A partitioned table whose partitions come and go.
@Suite struct PartitionTests {
  private func site() async throws -> Site {
    var settings = SiteSettings()
    settings.schema = """
      CREATE TABLE users (id int PRIMARY KEY, username varchar, email varchar, full_name varchar, status varchar,
        updated_at timestamp) PARTITION BY RANGE (id);
      CREATE TABLE users_1 PARTITION OF users FOR VALUES FROM (0) TO (100);
      """
    settings.more = "sweep: { every: 500ms }\nremovals: { most: 100% }"
    return try await World.shared.site(settings)
  }

  @Reactor
  private final class Told {
    var lines: [String] = []
  }

  private func row(_ id: Int, _ name: String) -> String {
    "(\(id), '\(name)', 'x', 'Full \(name)', 'active', now())"
  }

  @Test("G14: a partition that is added keeps nothing from starting; its rows are captured, and check names it")
  func added() async throws {
    let site = try await site()
    try await site.sql(
      """
      CREATE TABLE users_2 PARTITION OF users FOR VALUES FROM (100) TO (200);
      INSERT INTO users VALUES \(row(1, "ann")), \(row(101, "bob"))
      """)
    #expect(
      try await site.sql("SELECT problem, warning FROM rollcall.watched") == "|TRUNCATE is not noticed on users_2")
    let configuration = site.configuration
    let warned = try await Reactor.run {
      let engine = try Engine(configuration, logger: Site.logger)
      defer { engine.close() }
      let told = Told()
      engine.events.subscribe { event in
        guard case .warning(let message, let place, _) = event, message.contains("TRUNCATE") else { return }
        told.lines.append("\(place ?? ""): \(message)")
      }
      try await engine.requireAll()
      return told.lines
    }
    #expect(warned == ["public.users: TRUNCATE is not noticed on public.users_2"])
    try await site.sync()
    #expect(try await site.names() == ["ann", "bob"])
    try await site.withDaemon { _ in
      try await site.sql(
        "CREATE TABLE users_3 PARTITION OF users DEFAULT; INSERT INTO users_3 VALUES \(row(301, "cid"))")
      try await site.sql("UPDATE users_2 SET email = 'y'; INSERT INTO users VALUES \(row(302, "dan"))")
      try await eventually("they are there") { try await site.names() == ["ann", "bob", "cid", "dan"] }
      try await eventually("bob has changed") { try await site.value("mail", of: "101") == "y" }
    }
    try await site.sql("SELECT rollcall.watch('public.users', 'id')")
    #expect(try await site.sql("SELECT problem, warning FROM rollcall.watched") == "|")
    try await site.sql("TRUNCATE users_2")
    try await site.sync()
    #expect(try await site.names() == ["ann", "cid", "dan"])
  }

  @Test("rows that ATTACH brings and DETACH takes are found")
  func attachedAndDetached() async throws {
    let site = try await site()
    try await site.sql("INSERT INTO users VALUES \(row(1, "ann"))")
    try await site.withDaemon { _ in
      try await eventually("ann is there") { try await site.names() == ["ann"] }
      try await site.sql(
        """
        CREATE TABLE others (LIKE users INCLUDING ALL); INSERT INTO others VALUES \(row(101, "bob"));
        ALTER TABLE users ATTACH PARTITION others FOR VALUES FROM (100) TO (200)
        """)
      try await eventually("bob is there") { try await site.names() == ["ann", "bob"] }
      try await site.sql("ALTER TABLE users DETACH PARTITION others")
      try await eventually("bob is gone") { try await site.names() == ["ann"] }
    }
  }
}
