import LDAPModel
import RollcallCore
import RollcallEngine
import Sandbox
import Testing

@testable import RollcallAdministration

/// Operations whose answers never came may still be carried out, after what was sent since.
@Suite struct UnknownOutcomeTests {
  /// A site whose directory is reached through a tap, with a short deadline.
  private func tapped(_ settings: SiteSettings = SiteSettings()) async throws -> (Site, LDAPTap) {
    let world = try await World.shared
    let tap = try LDAPTap(to: world.directory.port)
    var settings = settings
    settings.directoryPort = tap.port
    settings.directory = "timeout: 8s"
    return (try await world.site(settings), tap)
  }

  /// The next write does not come through, until it is delivered late.
  private func stick(_ site: Site, _ tap: LDAPTap, _ sql: String) async throws {
    tap.arm(.stuck(1))
    try await site.sql(sql)
    try await eventually("\(sql): it is stuck") { tap.isReached }
  }

  @Test("G1: a stale modify that the server carries out late is undone, and the watermark waits for that")
  func aStaleModifyIsUndone() async throws {
    let (site, tap) = try await tapped()
    defer { tap.stop() }
    try await site.insert(["ann"])
    try await site.withDaemon { _ in
      try await eventually("ann is there") { try await site.names() == ["ann"] }
      // A value that is added meets no check of what was read: it is applied whenever it arrives.
      try await stick(site, tap, "UPDATE users SET username = 'stale' WHERE id = 1")
      try await site.sql("UPDATE users SET username = 'fresh' WHERE id = 1")
      try await eventually("the daemon has gone on over another connection") {
        try await site.names() == ["fresh"]
      }
      let before = try await site.sql("SELECT watermark FROM rollcall.directory")
      try await site.sql("UPDATE users SET username = 'ann' WHERE id = 1")
      try await eventually("she has her old name again") { try await site.names() == ["ann"] }
      // Now the old rename finds the entry that it names.
      tap.deliverLate()
      try await eventually("the stale rename is done") { try await site.names() == ["stale"] }
      #expect(
        try await site.sql("SELECT watermark FROM rollcall.directory") == before, "the watermark did not wait")
      try await eventually("it is undone") { try await site.names() == ["ann"] }
      try await eventually("the watermark moves on") {
        try await site.sql("SELECT watermark FROM rollcall.directory") != before
      }
    }
    try await site.expectInStep()
  }

  @Test("G1: who is disabled late, when the row is active again, is enabled again")
  func aStaleDisable() async throws {
    let (site, tap) = try await tapped()
    defer { tap.stop() }
    try await site.insert(["ann"])
    try await site.withDaemon { _ in
      try await eventually("ann is there") { try await site.names() == ["ann"] }
      try await stick(site, tap, "UPDATE users SET status = 'left' WHERE id = 1")
      try await site.sql("UPDATE users SET status = 'active', email = 'fresh' WHERE id = 1")
      try await eventually("the daemon has gone on over another connection") {
        try await site.value("mail", of: "1") == "fresh"
      }
      tap.deliverLate()
      try await eventually("she is disabled late", poll: .milliseconds(5)) {
        try await site.value("employeeType", of: "1") == "disabled"
      }
      try await eventually("she is enabled again") {
        try await site.value("employeeType", of: "1") == nil
      }
      try await eventually("the record is gone") {
        try await site.sql("SELECT count(*) FROM rollcall.disabled") == "0"
      }
    }
    try await site.expectInStep()
  }

  @Test("G1: a stale delete that hits the next owner of a name is made good")
  func aStaleDeleteOfANameThatWasTaken() async throws {
    let (site, tap) = try await tapped()
    defer { tap.stop() }
    try await site.insert(["ann"])
    try await site.withDaemon { _ in
      try await eventually("ann is there") { try await site.names() == ["ann"] }
      try await stick(site, tap, "DELETE FROM users WHERE id = 1")
      try await eventually("it is done over another connection") {
        try await site.names().isEmpty
      }
      try await site.insert(["ann"], from: 2)
      try await eventually("the next ann is there") { try await site.value("uid", of: "2") == "ann" }
      tap.deliverLate()
      try await eventually("the stale delete is done") { try await site.names().isEmpty }
      try await eventually("she is back") { try await site.value("uid", of: "2") == "ann" }
    }
    try await site.expectInStep()
  }

  @Test("G1: what a killed process had on its way is made good by the next")
  func aPredecessorsStaleRename() async throws {
    let (site, tap) = try await tapped()
    defer { tap.stop() }
    let folder = try await World.shared.folder
    try await site.insert(["ann"])
    let first = try await DaemonProcess.start(site, in: folder)
    try await eventually("ann is there") { try await site.names() == ["ann"] }
    try await stick(site, tap, "UPDATE users SET username = 'stale' WHERE id = 1")
    try await first.process.kill()
    try await site.sql("UPDATE users SET username = 'ann' WHERE id = 1")
    // Before the time has passed in which it may come.
    try await site.withDaemon(compared: false) { _ in
      tap.deliverLate()
      try await eventually("the stale rename is done") { try await site.names() == ["stale"] }
      try await eventually("it is undone") { try await site.names() == ["ann"] }
    }
    try await site.expectInStep()
  }

  /// Has a person made as `fresh`, and then as `stale` by an add that the server carries out late.
  private func makeTwice(_ site: Site, _ tap: LDAPTap) async throws {
    try await stick(site, tap, "INSERT INTO users VALUES (1, 'stale', 'x', 'Full Name', 'active', now())")
    try await site.sql("UPDATE users SET username = 'fresh' WHERE id = 1")
    try await eventually("the daemon has gone on over another connection") {
      try await site.names() == ["fresh"]
    }
    tap.deliverLate()
  }

  @Test("G1: a stale add that makes a person twice is taken back")
  func aStaleAdd() async throws {
    var settings = SiteSettings()
    settings.more = "removals: { most: 10%, least: 1 }"
    let (site, tap) = try await tapped(settings)
    defer { tap.stop() }
    try await site.withDaemon { _ in
      try await makeTwice(site, tap)
      try await eventually("the stale add is done") { try await site.names() == ["fresh", "stale"] }
      #expect(try await site.plan().plan.sequences.flatMap(\.steps).map(\.what) == [.removeDuplicate])
      try await eventually("it is taken back") { try await site.names() == ["fresh"] }
      #expect(try await site.parked().isEmpty)
      #expect(try await site.sql("SELECT key FROM rollcall.removal") == "1", "it is paid for")
      try await eventually("nothing is open any more") {
        try await site.sql("SELECT count(*) FROM rollcall.making") == "0"
      }
    }
    try await site.expectInStep()
  }

  @Test("G8: without a budget a twin waits for a person")
  func aStaleAddBeyondTheBudget() async throws {
    var settings = SiteSettings()
    settings.more = "removals: { most: 0%, least: 0 }"
    let (site, tap) = try await tapped(settings)
    defer { tap.stop() }
    try await site.withDaemon { _ in
      try await makeTwice(site, tap)
      try await eventually("it is held") {
        try await site.heldActions()
      } is: {
        $0 == "delete|1|uid=stale,\(site.base)"
      }
      #expect(try await site.names() == ["fresh", "stale"])
      #expect(try await site.parked().isEmpty)
      try await site.approve(["1"])
      try await eventually("it is taken back") { try await site.names() == ["fresh"] }
      try await eventually("the hold is over") { try await site.heldActions() == "" }
    }
    try await site.expectInStep()
  }

  @Test("G1: an entry that a stale add has made again leaves nothing of it in groups")
  func aStaleAddThatJoinedAGroup() async throws {
    let (site, tap) = try await tapped(.groups())
    defer { tap.stop() }
    try await site.withDaemon { _ in
      let write = "INSERT INTO users VALUES (1, 'stale', 'x', 'Full Name', 'active', now())"
      try await stick(site, tap, "INSERT INTO user_roles VALUES (1, 'devs'); \(write)")
      try await site.sql("UPDATE users SET username = 'fresh' WHERE id = 1")
      try await eventually("she is in her group") { try await site.members("devs") == ["fresh"] }
      tap.deliverLate()
      try await eventually("the stale add is done") { try await site.names() == ["fresh", "stale"] }
      try await site.directory.modify(
        "dn: cn=devs,\(site.groupsBase)\nchangetype: modify\nadd: member\nmember: uid=stale,\(site.base)\n")
      try await eventually("it is taken back") { try await site.names() == ["fresh"] }
      #expect(try await site.members("devs") == ["fresh"])
    }
    try await site.expectInStep()
  }

  @Test("G6: of two entries with one link that nobody's late add explains, none is taken away")
  func twoThatAreNoTwins() async throws {
    let (site, tap) = try await tapped()
    defer { tap.stop() }
    try await site.insert(["ann"])
    try await site.sync()
    let directory = try await World.shared.directory
    try await directory.modify(
      """
      dn: uid=other,\(site.base)
      changetype: add
      objectClass: inetOrgPerson
      cn: Other
      sn: Other
      employeeNumber: 1

      """)
    try await site.sql("UPDATE users SET email = 'new'")
    #expect(try await site.sync().parked == 1)
    #expect(try await site.names() == ["ann", "other"])
  }
}
