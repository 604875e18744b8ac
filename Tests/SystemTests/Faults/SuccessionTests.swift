import Reactor
import Sandbox
import Testing

@testable import RollcallEngine
@testable import RollcallLedger

/// G2: a predecessor that has not heard that it leads no more still writes for a second, and notes what it does.
@Suite struct SuccessionTests {
  private func site() async throws -> Site {
    let site = try await World.shared.site(.groups())
    try await site.insert(["ann"])
    try await site.grant([(1, "g")])
    try await site.sync()
    #expect(try await site.members("g") == ["ann"])
    return site
  }

  private func journal(_ old: String, _ site: Site) async throws {
    try await site.sql(
      "INSERT INTO rollcall.renaming (directory, key, old_dn) VALUES ('\(site.name)', '1', 'uid=\(old),\(site.base)')")
  }

  @Test("G2: what the ledger has is read when the predecessor can note nothing more")
  func theLastSecond() async throws {
    let site = try await site()
    try await site.sql("UPDATE rollcall.directory SET leader = 'ghost:1', leader_since = now()")
    let configuration = site.configuration
    try await Reactor.run {
      let engine = try Engine(configuration, logger: Site.logger)
      defer { engine.close() }
      let establishing = Reactor.task { _ = try? await engine.establish() }
      let deadline = ContinuousClock.now + .seconds(30)
      while engine.groups == nil, .now < deadline { try await Reactor.sleep(for: .milliseconds(1)) }
      #expect(engine.groups != nil && engine.leader.hasOutlasted)
      await establishing.value
    }
  }

  @Test("G2: where it has moved the watermark, what it has set aside is known too")
  func theWatermarkMoves() async throws {
    let site = try await site()
    try await site.withDaemon { _ in
      try await site.directory.modify(
        "dn: cn=g,\(site.groupsBase)\nchangetype: modify\nadd: member\nmember: uid=old,\(site.base)\n")
      try await journal("old", site)
      // It has disabled her, and noted that, for a row that is active again.
      try await site.directory.modify(
        "dn: uid=ann,\(site.base)\nchangetype: modify\nadd: employeeType\nemployeeType: disabled\n")
      try await site.sql(
        """
        INSERT INTO rollcall.disabled (directory, key) VALUES ('\(site.name)', '1');
        UPDATE rollcall.directory SET watermark = pg_current_snapshot()
        """)
      try await site.insert(["bob"], from: 2)
      try await eventually("bob is there") { try await site.names() == ["ann", "bob"] }
      try await eventually("the group has her new name alone") {
        try await site.members("g") == ["ann"]
      }
      #expect(try await site.sql("SELECT count(*) FROM rollcall.renaming") == "0")
      try await eventually("she is enabled again, as it was not done by hand") {
        try await site.value("employeeType", of: "1") == nil
      }
    }
    try await site.expectInStep()
  }
}
