import LDAPModel
import Reactor
import RollcallCore
import RollcallEngine
import Sandbox
import Testing

@testable import RollcallAdministration
@testable import RollcallConfiguration

/// What Rollcall did not make is not touched before somebody has agreed, and what is protected never is.
@Suite struct TakeoverTests {
  /// A site that has been compared, with ann in it.
  private func site(_ users: String = "", _ more: String = "") async throws -> Site {
    var settings = SiteSettings()
    settings.users = users
    settings.more = more
    let site = try await World.shared.site(settings)
    try await site.insert(["ann"])
    try await site.sync()
    return site
  }

  @Test("G15: a link that somebody typed by hand is no permission to change the entry")
  func aLinkTypedByHand() async throws {
    let site = try await site()
    try await site.addByHand("admin", link: "5")
    try await site.sql("INSERT INTO users VALUES (5, 'eve', 'eve@x', 'Eve', 'active', now())")
    let before = try await site.search("uid=admin,\(site.base)")
    #expect(try await site.sync().held == 1)
    #expect(try await site.sync(full: true).held == 1)
    #expect(try await site.search("uid=admin,\(site.base)") == before)
    #expect(try await site.heldActions() == "takeover|5|uid=admin,\(site.base)")
    let plan = try await site.plan()
    #expect(plan.takeovers.map(\.dn.text) == ["uid=admin,\(site.base)"])
    #expect(plan.plan.sequences.isEmpty)
    try await site.approve(["5"])
    #expect(try await site.sync().held == 0)
    #expect(try await site.names() == ["ann", "eve"])
    #expect(try await site.heldActions() == "")
    // It is known from now on.
    try await site.sql("UPDATE users SET username = 'eva' WHERE id = 5")
    #expect(try await site.sync().held == 0)
    #expect(try await site.names() == ["ann", "eva"])
    try await site.expectInStep()
  }

  @Test("G15: an entry with a link and no row is not deleted before somebody has agreed")
  func anOrphanThatOthersMade() async throws {
    for adopt in [false, true] {
      let site = try await site("adopt: \(adopt)")
      try await site.addByHand("admin", link: "5")
      #expect(try await site.sync(full: true).held == 1)
      #expect(try await site.names() == ["admin", "ann"])
      #expect(try await site.heldActions() == "takeover|5|uid=admin,\(site.base)")
      try await site.approve(["5"])
      try await site.sync()
      #expect(try await site.names() == ["ann"])
    }
  }

  @Test("G15: an entry that was made anew by hand is another one")
  func anEntryMadeAnew() async throws {
    let site = try await site()
    try await site.directory.modify("dn: uid=ann,\(site.base)\nchangetype: delete\n")
    try await site.addByHand("ann", link: "1")
    #expect(try await site.sync(full: true).held == 1)
    #expect(try await site.value("cn", of: "1") == "By hand")
    // Gone again: Rollcall makes its own.
    try await site.directory.modify("dn: uid=ann,\(site.base)\nchangetype: delete\n")
    #expect(try await site.sync(full: true).held == 0)
    #expect(try await site.value("cn", of: "1") != "By hand")
    try await site.expectInStep()
  }

  @Test("G4: an entry whose record was lost in a crash is ours")
  func aCrashBeforeTheRecord() async throws {
    let site = try await site()
    #expect(try await site.sql("SELECT count(*) FROM rollcall.entry") == "1")
    #expect(try await site.sql("SELECT count(*) FROM rollcall.making") == "0")
    try await site.sql(
      """
      DELETE FROM rollcall.entry; UPDATE users SET username = 'anna';
      INSERT INTO rollcall.making (directory, keys, names)
      VALUES ('\(site.name)', '{1,77}', ARRAY['\(site.normalized("ann"))', '\(site.normalized("never"))'])
      """)
    #expect(try await site.sync().held == 0)
    #expect(try await site.names() == ["anna"])
    #expect(try await site.sql("SELECT count(*) FROM rollcall.entry") == "1")
    // What was on its way is over by then, so nothing of it lingers.
    #expect(try await site.sql("SELECT count(*) FROM rollcall.making") == "0")
  }

  @Test("G15: an add that a crash has cut short makes no stranger's entry of another name ours")
  func aCrashAndAStranger() async throws {
    let site = try await site()
    try await site.addByHand("admin", link: "5")
    try await site.sql(
      """
      INSERT INTO users VALUES (5, 'eve', 'eve@x', 'Eve', 'active', now());
      INSERT INTO rollcall.making (directory, keys, names) VALUES ('\(site.name)', '{5}', ARRAY['\(site.normalized("eve"))'])
      """)
    #expect(try await site.sync().held == 1)
    #expect(try await site.names() == ["admin", "ann"])
  }

  @Test("a ledger that was wiped: who is in step is known, others are held, one command releases all")
  func aWipedLedger() async throws {
    let site = try await site()
    try await site.insert(["bob", "carl"], from: 2)
    try await site.sync()
    try await site.sql(
      """
      TRUNCATE rollcall.entry; DELETE FROM rollcall.directory;
      UPDATE users SET username = 'bobby' WHERE id = 2; DELETE FROM users WHERE id = 3
      """)
    #expect(try await site.sync().held == 2)
    #expect(
      try await site.heldActions() == "delete|3|uid=carl,\(site.base)\ntakeover|2|uid=bob,\(site.base)")
    #expect(try await site.sql("SELECT key FROM rollcall.entry") == "1")
    let configuration = site.configuration
    let set = try await Reactor.run { try await StatusReport.read(configuration).held.id }
    try await site.approve(set: set)
    #expect(try await site.sync().held == 0)
    #expect(try await site.names() == ["ann", "bobby"])
    try await site.expectInStep()
  }

  @Test("a directory that was compared before there were records holds nothing and is recorded", arguments: 1...5)
  func anUpgrade(run: Int) async throws {
    let site = try await site()
    try await site.insert(["bob", "carl"], from: 2)
    try await site.sync()
    // As the upgrade's step leaves it.
    try await site.sql(
      """
      TRUNCATE rollcall.entry; UPDATE rollcall.directory SET recording = true;
      UPDATE users SET username = 'bobby' WHERE id = 2; DELETE FROM users WHERE id = 3
      """)
    let held = try await site.sync().held
    let actions = try await site.heldActions()
    #expect(held == 0, "\(actions)")
    let names = try await site.names()
    let entries = try await site.sql("SELECT key FROM rollcall.entry; SELECT * FROM rollcall.removal")
    #expect(names == ["ann", "bobby"], "\(names) \(entries)")
    // carl's stays known: a server that is behind, or a backup, may still have him.
    #expect(try await site.sql("SELECT key FROM rollcall.entry ORDER BY key") == "1\n2\n3")
    #expect(try await site.sql("SELECT recording FROM rollcall.directory") == "f")
    try await site.addByHand("eve", link: "5")
    #expect(try await site.sync(full: true).held == 1)
  }

  @Test("G15: a database that has lost its last commits records everybody anew, and what was held stays held")
  func aDatabaseThatHasLostCommits() async throws {
    let site = try await site()
    try await site.addByHand("admin", link: "5")
    #expect(try await site.sync(full: true).held == 1)
    // As on a promoted standby: another timeline, and bob's record is lost.
    try await site.insert(["bob"], from: 2)
    try await site.sync()
    try await site.sql(
      """
      DELETE FROM rollcall.entry WHERE key = '2'; UPDATE users SET username = 'bobby' WHERE id = 2;
      UPDATE rollcall.directory SET timeline = '000000FF'
      """)
    #expect(try await site.sync().held == 1)
    #expect(try await site.heldActions() == "takeover|5|uid=admin,\(site.base)")
    #expect(try await site.names() == ["admin", "ann", "bobby"])
    #expect(try await site.sql("SELECT recording FROM rollcall.directory") == "f")
    // That was all of it.
    try await site.addByHand("eve", link: "6")
    #expect(try await site.sync(full: true).held == 2)
  }

  @Test("G15: a row with the name of the account that Rollcall binds with does not get it", arguments: [true, false])
  func theOwnAccount(isLinked: Bool) async throws {
    let site = try await site("adopt: true")
    let account = "uid=service,\(site.base)"
    try await site.addByHand("service", link: isLinked ? "2" : nil)
    try await site.directory.modify(
      "dn: \(account)\nchangetype: modify\nadd: userPassword\nuserPassword: \(site.directory.accountPassword)\n")
    try await site.insert([isLinked ? "other" : "service"], from: 2)
    let yaml = site.yaml.replacing(site.directory.accountDN, with: "UID=Service, \(site.base)")
    let configuration = try Configuration.parse(yaml, file: "own.yaml", environment: [:]) {
      _ throws(UnreadableFile) in throw UnreadableFile(reason: "no files here")
    }
    for isGone in [false, true] {
      if isGone { try await site.sql("DELETE FROM users WHERE id = 2") }
      let result = try await Reactor.run {
        let engine = try Engine(configuration, logger: Site.logger)
        defer { engine.close() }
        return try await Rehearsal(engine).run(isGone && !isLinked ? [] : ["2"])
      }
      #expect(result.plan.sequences.isEmpty && result.takeovers.isEmpty)
      if isGone, !isLinked { continue }
      #expect(result.parked["2"]?.reason == .protected)
      #expect(result.parked["2"]?.message.contains("is the account that Rollcall binds with") == true)
    }
  }

  @Test("G15: what users.protect names or describes is never touched", arguments: ["names", "filter"])
  func protected(kind: String) async throws {
    var settings = SiteSettings()
    let what = kind == "names" ? "[\"UID=admin, $BASE\"]" : "(description=hands off)"
    settings.users = "adopt: true\n  protect: \(what)"
    let site = try await World.shared.site(settings)
    try await site.addByHand("admin", link: nil)
    try await site.insert(["admin", "bob"])
    let before = try await site.search("uid=admin,\(site.base)")
    #expect(try await site.sync().parked == 1)
    #expect(try await site.sql("SELECT key, reason FROM rollcall.parked") == "1|protected")
    try await site.directory.modify(
      "dn: uid=admin,\(site.base)\nchangetype: modify\nadd: employeeNumber\nemployeeNumber: 1\n")
    try await site.sql("DELETE FROM users WHERE id = 1")
    #expect(try await site.sync(full: true).parked == 1)
    #expect(try await site.search("uid=admin,\(site.base)")?["cn"] == before?["cn"])
    #expect(try await site.names() == ["admin", "bob"])
  }
}

extension Site {
  /// The name of an entry of ours as the ledger has it.
  func normalized(_ name: String) -> String {
    DistinguishedName(unchecked: "uid=\(name),\(base)").normalized(Schema(attributeTypes: [], objectClasses: []))
  }

  /// Somebody makes an entry.
  func addByHand(_ name: String, link: String?) async throws {
    try await directory.modify(
      """
      dn: uid=\(name),\(base)
      changetype: add
      objectClass: inetOrgPerson
      uid: \(name)
      cn: By hand
      sn: Hand
      description: hands off
      \(link.map { "employeeNumber: \($0)\n" } ?? "")
      """)
  }

  /// What is held, as `action|subject|dn`, in that order.
  func heldActions() async throws -> String {
    try await sql("SELECT action, subject, dn FROM rollcall.held ORDER BY action, subject")
  }

  @discardableResult
  func approve(_ keys: [RosterKey] = [], set: String? = nil) async throws -> OperatorActions.Outcome {
    let configuration = self.configuration
    return try await Reactor.run {
      let operatorActions = try OperatorActions(configuration)
      defer { operatorActions.close() }
      if let set { return try await operatorActions.release(set: set) }
      return try await operatorActions.release(keys)
    }
  }
}
