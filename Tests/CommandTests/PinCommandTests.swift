import Sandbox
import Testing

/// `pin`, `unpin`, and how `status` and `plan` show who is pinned.
@Suite(.serialized) struct PinCommandTests {
  @Test func aPinAndItsEndWhereADaemonLeads() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.hire(["ada", "bo"])
    try await site.withDaemon { daemon in
      try await soon("they are there") { try await site.names() == ["ada", "bo"] }
      let pinned = try await site.succeed("pin", "1", "--because", "her mailbox is moved", "--until", "2d")
      #expect(pinned.output == "1 key pinned\n" && pinned.errors.isEmpty)
      try await site.sql("UPDATE users SET email = 'new@example.com'")
      try await soon("bo's change arrives") { try await site.values("mail", of: "2") == ["new@example.com"] }
      #expect(try await site.values("mail", of: "1") == ["ada@example.com"])
      let status = try await site.status()
      let pin = try #require(status.pinned.first)
      #expect(pin.key == "1" && pin.because == "her mailbox is moved" && pin.actor.hasSuffix(" (\(site.role))"))
      #expect(pin.until != nil && pin.removal == nil)
      let text = try await site.rollcall("status")
      #expect(text.code == 0)
      #expect(text.output.contains("pinned:     1\n"))
      #expect(
        text.output.contains(
          "pinned 1: her mailbox is moved [\(pin.actor), until \(pin.until ?? "?"), since \(pin.since)]; "))
      #expect(text.output.contains("; rollcall unpin --config \(site.file) 1\n"))
      let plan = try await site.rollcall("plan")
      #expect(plan.code == 2)
      let comment = "# pinned: key 1: her mailbox is moved (\(pin.actor), until \(pin.until ?? "?")); a change waits"
      #expect(plan.output.replacing("\n ", with: "").contains(comment), "\(plan.output)")
      #expect(!plan.output.contains("dn: "))
      // The removal of somebody who is pinned waits for a person.
      try await site.sql("DELETE FROM users WHERE id = 1")
      try await soon("it waits") { try await site.status().pinned.first?.removal == "delete" }
      let waiting = try await site.rollcall("status")
      #expect(waiting.code == 1 && waiting.output.contains("]; delete waits; rollcall unpin"))
      #expect(try await site.succeed("unpin", "1").output == "1 key unpinned\n")
      #expect(try await site.names() == ["bo"])
      #expect(try await site.rollcall("status").code == 0)
      #expect(try daemon.printed().contains(" pinned count=1 keys=1"))
    }
  }

  @Test func withoutADaemon() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.hire(["ada"])
    try await site.succeed("sync")
    let pinned = try await site.succeed("pin", "1", "9", "9", "--because", "x")
    #expect(pinned.output == "2 keys pinned\n" && pinned.errors.contains("no daemon leads this directory"))
    // In step: named, it says so, and nothing is to be done.
    let plan = try await site.rollcall("plan", "1")
    #expect(plan.code == 0 && plan.output.contains("# pinned: key 1: x ("))
    #expect(try await site.succeed("plan").output.isEmpty)
    let unpinned = try await site.rollcall("unpin", "1", "2")
    #expect(unpinned.code == 1 && unpinned.output == "1 key unpinned\n")
    #expect(unpinned.errors.contains("rollcall: key 2 is not pinned\n"))
    #expect(try await site.status().pinned.map(\.key) == ["9"])
  }

  @Test func whatCannotBePinned() async throws {
    let site = try await House.shared.site()
    try await site.install()
    #expect(try await site.rollcall("pin", "1").code == 64)
    #expect(try await site.rollcall("pin", "--because", "x").code == 64)
    #expect(try await site.rollcall("pin", "1", "--because", " ").code == 64)
    for (time, words) in [("2020-01-01", "has passed"), ("soon", "not a time")] {
      let ran = try await site.rollcall("pin", "1", "--because", "x", "--until", time)
      #expect(ran.code == 1 && ran.errors.contains("--until \(time): ") && ran.errors.contains(words))
    }
    #expect(try await site.status().pinned.isEmpty)
  }
}
