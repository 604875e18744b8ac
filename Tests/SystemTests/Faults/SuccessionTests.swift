import Sandbox
import Testing

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

  @Test("G2: what it notes in its last second is known to its successor")
  func theLastSecond() async throws {
    let site = try await site()
    try await site.sql("UPDATE rollcall.directory SET leader = 'ghost:1', leader_since = now()")
    try await site.sql("UPDATE users SET username = 'eve' WHERE id = 1")
    let starting = Task { try await site.run() }
    try await eventually(within: .seconds(30), "the successor has the lock", poll: .milliseconds(1)) {
      try await site.sql(
        """
        SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = \(0x726f_6c6c) AND granted
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
        """) == "t"
    }
    // The predecessor renames her; her group would have followed next.
    try await journal("ann", site)
    // On a machine that is busy the successor has done it by then.
    try? await site.directory.modify(
      "dn: uid=ann,\(site.base)\nchangetype: modrdn\nnewrdn: uid=eve\ndeleteoldrdn: 1\n")
    let daemon = try await starting.value
    try await eventually(within: .seconds(30), "the group follows") { try await site.members("g") == ["eve"] }
    try await daemon.stop()
    try await site.expectInStep()
  }

  @Test("G2: where it has moved the watermark, what it has set aside is known too")
  func theWatermarkMoves() async throws {
    let site = try await site()
    try await site.withDaemon { _ in
      try await site.directory.modify(
        "dn: cn=g,\(site.groupsBase)\nchangetype: modify\nadd: member\nmember: uid=old,\(site.base)\n")
      try await journal("old", site)
      try await site.sql("UPDATE rollcall.directory SET watermark = pg_current_snapshot()")
      try await site.insert(["bob"], from: 2)
      try await eventually(within: .seconds(30), "bob is there") { try await site.names() == ["ann", "bob"] }
      try await eventually(within: .seconds(30), "the group has her new name alone") {
        try await site.members("g") == ["ann"]
      }
      #expect(try await site.sql("SELECT count(*) FROM rollcall.renaming") == "0")
    }
    try await site.expectInStep()
  }
}
