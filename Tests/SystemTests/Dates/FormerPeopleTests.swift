import LDAP
import LDAPModel
import Reactor
import RollcallCore
import RollcallEngine
import Sandbox
import Testing

@testable import RollcallAdministration
@testable import RollcallConfiguration
@testable import RollcallLedger

/// Rule 9: who is gone waits, disabled and in a place of its own, until the entry is deleted or the row comes back.
@Suite struct FormerPeopleTests {
  private func site(after wait: String, removals: String = "{ most: 100% }") async throws -> Site {
    var settings = SiteSettings()
    settings.users += "\n  removed: disable\n  leavers: ou=former,ou=staff\n  delete_after: \(wait)"
    settings.more = "removals: \(removals)"
    return try await World.shared.site(settings)
  }

  /// The names below the base, with `/former` where they are in the place of leavers, and `!` where they are disabled.
  private func people(_ site: Site) async throws -> [String] {
    let entries = try await site.linkedEntries()
    return entries.map { entry in
      let name = entry["uid"].first?.text ?? "?"
      let place = entry.dn.text.contains("ou=former,ou=staff,\(site.base)") ? "/former" : ""
      return name + place + (entry["employeeType"].isEmpty ? "" : "!")
    }.sorted()
  }

  @Test("who leaves is moved, and who comes back is the same entry in its place")
  func thereAndBack() async throws {
    let site = try await site(after: "30d")
    try await site.insert(["ann", "ben", "cid"])
    try await site.sync()
    let dn = "uid=ann,\(site.base)"
    try await site.directory.modify("dn: \(dn)\nchangetype: modify\nadd: description\ndescription: by hand\n")
    try await site.sql("DELETE FROM users WHERE id = 1; UPDATE users SET status = 'left' WHERE id = 2")
    let plan = try await site.plan().plan.sequences.flatMap(\.steps).map(\.what)
    #expect(Set(plan) == [.disable, .move, .makeContainer])
    try await site.sync()
    #expect(try await people(site) == ["ann/former!", "ben/former!", "cid"])
    // Only whose row is gone is deleted one day.
    #expect(
      try await site.sql("SELECT key, action, dn FROM rollcall.coming")
        == "1|delete|uid=ann,ou=former,ou=staff,\(site.base)")
    let due = try await site.report().due
    #expect(due.map(\.key) == ["1"])
    try await site.sync(full: true)
    try await site.expectInStep()
    // A new row of another key may have the name meanwhile.
    try await site.insert(["ann"], from: 7)
    try await site.sync()
    #expect(try await people(site) == ["ann", "ann/former!", "ben/former!", "cid"])
    try await site.sql("DELETE FROM users WHERE id = 7")
    try await site.sql("UPDATE users SET status = 'active'")
    try await site.sync()
    #expect(try await people(site).contains("ben"))
    try await site.sql("DELETE FROM users WHERE id = 3")
    try await site.insert(["ann"], from: 1)
    try await site.sync()
    let ann = try await site.linkedEntries().first { $0["employeeNumber"].first?.text == "1" }
    #expect(ann?["description"].first?.text == "by hand")
    #expect(try await site.sql("SELECT string_agg(key, ' ' ORDER BY key) FROM rollcall.leaver") == "3 7")
  }

  @Test("after its time the entry is deleted, and the journal says why")
  func afterItsTime() async throws {
    let site = try await site(after: "2s")
    try await site.insert(["ann", "ben"])
    try await site.withDaemon { _ in
      try await eventually("both are there") { try await people(site) == ["ann", "ben"] }
      try await site.sql("DELETE FROM users WHERE id = 1; UPDATE users SET status = 'left' WHERE id = 2")
      try await eventually("she is gone, he is disabled") { try await people(site) == ["ben/former!"] }
      try await eventually("the journal says why") {
        try await site.sql("SELECT string_agg(DISTINCT cause, ' ') FROM rollcall.journal WHERE action = 'delete'")
          == "due"
      }
      try await eventually("nothing is left of her") {
        try await site.sql("SELECT count(*) FROM rollcall.leaver") == "0"
      }
    }
    try await site.expectInStep()
    #expect(try await site.sql("SELECT count(*) FROM rollcall.disabled") == "1")
  }

  @Test("those who are due at once are decided together, and past the budget held")
  func budget() async throws {
    let site = try await site(after: "1h", removals: "{ most: 10%, least: 6, within: 1h }")
    try await site.insert((1...40).map { "u\($0)" })
    try await site.sync()
    for ids in ["1, 2, 3", "4, 5, 6", "7, 8"] {
      try await site.sql("DELETE FROM users WHERE id IN (\(ids)); DELETE FROM rollcall.removal")
      try await site.sync()
    }
    #expect(try await people(site).count { $0.hasSuffix("/former!") } == 8)
    #expect(try await site.sql("SELECT count(*) FROM rollcall.held") == "0")
    try await site.sql("DELETE FROM rollcall.removal; UPDATE rollcall.leaver SET since = since - interval '2 hours'")
    try await site.sync()
    #expect(try await site.heldKeys().count == 8)
    #expect(try await people(site).count == 40)
    #expect(try await site.report().due.isEmpty, "what is held is not to come")
    // A row that comes back dissolves its hold; the rest is within the budget of those who are asked about one by one.
    try await site.insert((1...8).map { "u\($0)" })
    try await site.sync()
    #expect(try await site.heldKeys().isEmpty)
    try await site.expectInStep()
  }

  @Test(
    "an entry that somebody has enabled, moved or edited since is held, not deleted",
    arguments: ["enabled", "moved", "edited"])
  func takenCareOf(_ how: String) async throws {
    let site = try await site(after: "1h")
    try await site.insert(["ann", "ben"])
    try await site.sync()
    try await site.sql("DELETE FROM users")
    try await site.sync()
    let dn = "uid=ann,ou=former,ou=staff,\(site.base)"
    switch how {
    case "enabled": try await site.directory.modify("dn: \(dn)\nchangetype: modify\ndelete: employeeType\n")
    case "moved":
      try await site.directory.modify(
        "dn: \(dn)\nchangetype: modrdn\nnewrdn: uid=ann\ndeleteoldrdn: 0\nnewsuperior: \(site.base)\n")
    default:
      try await site.directory.modify("dn: \(dn)\nchangetype: modify\nreplace: mail\nmail: keep@example.com\n")
    }
    // Whether it is brought back in step before its time does not matter.
    if how != "edited" { try await site.sync(full: true) }
    try await site.sql("UPDATE rollcall.leaver SET since = since - interval '2 hours'")
    try await site.sync()
    #expect(try await people(site) == ["ann/former!"])
    #expect(
      try await site.sql("SELECT subject, action, reason FROM rollcall.held WHERE subject = '1'")
        == "1|delete|the entry was changed by hand since it was disabled")
    try await site.sync(full: true)
    #expect(try await site.heldKeys() == ["1"])
    try await site.sql("UPDATE rollcall.held SET approved = true")
    try await site.sync()
    #expect(try await people(site).isEmpty)
    #expect(try await site.sql("SELECT count(*) FROM rollcall.leaver") == "0")
  }

  @Test("those who had left before it was configured wait from then on, and without it nothing is remembered")
  func configuredLater() async throws {
    let site = try await site(after: "1h")
    try await site.insert(["ann"])
    try await site.sync()
    try await site.sql("DELETE FROM users")
    try await site.sync()
    try await site.sql("DELETE FROM rollcall.leaver")
    try await site.sync(full: true)
    #expect(try await site.sql("SELECT key, state <> '' FROM rollcall.leaver") == "1|t")
    var without = site.configuration
    without.users.deleteAfter = nil
    try await site.with(without).sync()
    #expect(try await site.sql("SELECT count(*) FROM rollcall.leaver") == "0")
    #expect(try await site.sql("SELECT count(*) FROM rollcall.coming") == "0")
    try await site.expectInStep()
  }

  @Test("who leaves while another leaver has the name is locked at once, and moved or deleted in time")
  func aNameThatIsTaken() async throws {
    let site = try await site(after: "1h")
    for key in [1, 7, 8] {
      try await site.insert(["ann"], from: key)
      try await site.sync()
      try await site.sql("DELETE FROM users")
      try await site.sync()
      if key == 1 { continue }
      #expect(try await people(site) == ["ann!", "ann/former!"])
      #expect(try await site.parked() == ["\(key)|name-taken"])
      if key == 7 {
        try await site.sql("UPDATE rollcall.leaver SET since = since - interval '2 hours' WHERE key = '7'")
        try await site.sync()
        #expect(try await people(site) == ["ann/former!"])
        #expect(try await site.parked().isEmpty)
      }
    }
    try await site.sql("UPDATE rollcall.leaver SET since = since - interval '2 hours' WHERE key = '1'")
    try await site.sync()
    #expect(try await people(site) == ["ann/former!"])
    #expect(try await site.sql("SELECT string_agg(key, ' ') FROM rollcall.leaver") == "8")
    #expect(try await site.parked().isEmpty)
    try await site.expectInStep()
  }

  @Test("who wants the name of a leaver that another leaver keeps in its place gets it when that one is deleted")
  func aNameBehindANameThatIsTaken() async throws {
    let site = try await site(after: "3s")
    try await site.insert(["ann"])
    try await site.sql("UPDATE users SET status = 'left'")
    try await site.sync()
    try await site.insert(["ann"], from: 7)
    try await site.sync()
    #expect(try await people(site) == ["ann", "ann/former!"])
    try await site.withDaemon { _ in
      try await site.sql(
        """
        BEGIN;
        DELETE FROM users WHERE id = 7; INSERT INTO users VALUES (8, 'ann', 'a', 'A New', 'active', now());
        COMMIT
        """)
      try await eventually("the one without a row is gone, and the new one is there") {
        let keys = try await site.linkedEntries().compactMap { $0["employeeNumber"].first?.text }
        let people = try await people(site)
        return Set(keys) == ["1", "8"] && people == ["ann", "ann/former!"]
      }
      try await eventually("nobody is parked") { try await site.parked().isEmpty }
    }
    try await site.expectInStep()
  }

  @Test("whose time comes while the entry is recorded once more is due")
  func dueMeanwhile() async throws {
    let site = try await site(after: "1h")
    try await site.sync()
    let configuration = site.configuration
    try await Reactor.run {
      let ledger = try Ledger(configuration)
      defer { ledger.database.close() }
      let book = LeaverBook(ledger)
      book.wait = .seconds(3600)
      let dn = DistinguishedName(unchecked: "uid=ann,ou=former,ou=staff,\(configuration.users.base)")
      try await book.record([("1", dn, .unseen)])
      let now = try await ledger.clock().seconds
      #expect(book.expire(at: now).keys.isEmpty)
      let recording = Task { @Reactor in try await book.record([("1", dn, .seen("x=y"))]) }
      // It begins to wait for PostgreSQL's answer.
      await Task.yield()
      #expect(book.expire(at: now + 3601).keys == ["1"])
      try await recording.value
      #expect(book.due == ["1"] && book["1"]?.state == .seen("x=y"))
      #expect(book.expire(at: now + 3602).keys.isEmpty, "it was queued once")
    }
  }
}

extension Site {
  /// The same with another configuration.
  func with(_ configuration: Configuration) -> Site { Site(name, base, configuration, yaml, postgres, directory) }

  /// All people below the base.
  func linkedEntries() async throws -> [Entry] {
    let (directory, base) = (self.directory, self.base)
    return try await Reactor.run {
      var options = LDAPOptions(url: directory.url)
      options.bind = .simple(dn: directory.adminDN, password: BindPassword(directory.adminPassword))
      let session = try await LDAPSession.open(options)
      defer { session.close() }
      return try await session.search(
        base: DistinguishedName(unchecked: base), scope: .subtree, filter: .present("employeeNumber"), attributes: ["*"]
      )
    }
  }
}
