import Sandbox
import Testing

/// The journal that a daemon has written, as `history` and `follow` tell it.
@Suite(.serialized) struct JournalOfDaemonTests {
  @Test("what happened to her, when, by which transaction; the LDIF makes the same entry of the one that she had")
  func history() async throws {
    let site = try await House.shared.site()
    try await site.install()
    // Where the daemon does not look.
    let other = "ou=again-\(site.name),\(site.directory.usersBase)"
    try await site.directory.modify(
      "dn: \(other)\nchangetype: add\nobjectClass: organizationalUnit\nou: again-\(site.name)\n")
    func entry(below base: String) async throws -> String {
      try await site.directory.search(base: base, filter: "(employeeNumber=1)", attributes: ["*"])
    }
    let follower = try FollowerSite(site)
    let process = try await follower.start()
    var transactions: [String] = []
    try await site.withDaemon { _ in
      func write(_ statement: String, _ action: String) async throws {
        transactions.append(try await site.sql("BEGIN; \(statement); SELECT pg_current_xact_id(); COMMIT"))
        try await soon("\(action) is in the journal") {
          try await site.sql("SELECT count(*) FROM rollcall.journal WHERE action = '\(action)' AND outcome = 'done'")
            == "1"
        }
      }
      try await write("INSERT INTO users VALUES (1, 'ada', 'ada@example.com', 'Ada Lovelace', 'active')", "create")
      try await site.directory.modify(try await entry(below: site.base).replacing(site.base, with: other))
      try await write("UPDATE users SET email = 'c@example.com', full_name = 'Ada Löwe' WHERE id = 1", "update")
      try await write("UPDATE users SET username = 'countess' WHERE id = 1", "rename")
      let now = try await entry(below: site.base)
      let ldif = try await site.succeed("history", "1", "--ldif").output
      #expect(ldif.contains("uid=ada,\(site.base) was created; the values of a new entry are not kept"))
      try await site.directory.modify(ldif.replacing(site.base, with: other))
      let again = try await entry(below: other).replacing(other, with: site.base)
      #expect(again.split(separator: "\n").sorted() == now.split(separator: "\n").sorted())
      try await write("DELETE FROM users WHERE id = 1", "delete")
    }
    let lines = try HistoryLine.parse(try await site.succeed("history", "1", "--json").output)
    let done = Array(lines.filter { $0.outcome == "done" }.reversed())
    #expect(done.map(\.action) == ["create", "update", "rename", "delete"])
    #expect(done.map(\.xid) == transactions)
    #expect(done.allSatisfy { $0.lagMs != nil && $0.cause == "notification" && $0.key == "1" })
    #expect(done[1].changes?["mail"] == HistoryLine.Change(removed: ["ada@example.com"], added: ["c@example.com"]))
    #expect(done[2].newDn == "uid=countess,\(site.base)")
    #expect(lines.first { $0.outcome == "intended" }?.id == done[3].intent)
    let byName = try HistoryLine.parse(
      try await site.succeed("history", "--dn", "UID=Countess,\(site.base)", "--action", "rename", "--json").output)
    #expect(byName.map(\.id) == [done[2].id])
    let text = try await site.succeed("history", "1").output
    #expect(text.contains("    mail: ada@example.com → c@example.com\n"))
    // The intent comes before its result.
    try await soon(
      "the follower has had all", { try follower.taken().map(\.id) }, is: { $0 == lines.map(\.id).reversed() })
    #expect(await process.stop() == .exited(0))
    // She is forgotten.
    try await site.succeed("history", "--erase", "1", "--because", "her request")
    let rest = try await site.sql("SELECT j FROM rollcall.journal AS j WHERE key = '1' AND action <> 'erase'")
    #expect(!rest.contains("ada") && !rest.contains("c@") && !rest.contains("countess"))
  }
}
