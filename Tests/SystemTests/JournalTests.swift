import LDAPModel
import Sandbox
import Testing

@testable import RollcallAdministration

/// What is written is in the journal, with what caused it (G13).
@Suite struct JournalTests {
  /// Rows of the journal in their order, the given columns parted by `|`.
  private func rows(_ site: Site, _ columns: String, _ condition: String = "true") async throws -> [String] {
    try await site.sql("SELECT concat_ws('|', \(columns)) FROM rollcall.journal WHERE \(condition) ORDER BY id")
      .split(separator: "\n").map(String.init)
  }

  @Test("G13: each write of one person has its row, with the transaction that caused it and its time")
  func onePerson() async throws {
    let site = try await World.shared.site()
    try await site.withDaemon { _ in
      // The first comparison would find the row, too.
      try await eventually("everybody was compared") {
        try await site.sql("SELECT count(last_reconcile) FROM rollcall.directory") == "1"
      }
      var transactions: [String] = []
      for (write, isThere) in [
        ("INSERT INTO users VALUES (1, 'ada', 'ada@example.com', 'Ada Lovelace', 'active', now())", "create"),
        ("UPDATE users SET email = 'a@example.com' WHERE id = 1", "update"),
        ("UPDATE users SET username = 'countess' WHERE id = 1", "rename"),
        ("UPDATE users SET status = 'left' WHERE id = 1", "disable"),
        ("UPDATE users SET status = 'active' WHERE id = 1", "enable"),
        ("DELETE FROM users WHERE id = 1", "delete"),
      ] {
        transactions.append(try await site.sql("BEGIN; \(write); SELECT pg_current_xact_id(); COMMIT"))
        try await eventually("\(isThere) is in the journal") {
          try await !rows(site, "1", "action = '\(isThere)' AND outcome = 'done'").isEmpty
        }
      }
      let found = try await rows(site, "action, outcome, xid, key", "outcome = 'done' AND action <> 'update'")
      let expected = zip(["create", "rename", "disable", "enable", "delete"], [0, 2, 3, 4, 5]).map {
        "\($0)|done|\(transactions[$1])|1"
      }
      #expect(found == expected)
      // Which of the two comes first is not certain.
      #expect(try await rows(site, "action, cause", "cause NOT IN ('notification', 'sweep')") == [])
      #expect(
        try await rows(site, "dn, new_dn", "action = 'rename'") == [
          "uid=ada,\(site.base)|uid=countess,\(site.base)"
        ])
      #expect(
        try await rows(site, "changes", "action = 'update' AND xid = '\(transactions[1])'") == [
          #"{"mail":{"removed":["ada@example.com"],"added":["a@example.com"]}}"#
        ])
      #expect(try await rows(site, "1", "changed_at IS NULL OR changed_at > at").isEmpty, "each has the change's time")
      #expect(try await rows(site, "entry_id", "action <> 'create'").allSatisfy { $0.utf8.count == 36 })
    }
  }

  @Test("G13: a removal is in the journal with the whole entry before the directory hears of it")
  func aRemoval() async throws {
    var settings = SiteSettings()
    settings.more = "journal: { hide: [mobile] }"
    let site = try await World.shared.site(settings)
    try await site.withDaemon { _ in
      try await site.sql("INSERT INTO users VALUES (1, 'ada', 'a@example.com', 'Ada Lovelace', 'active', now())")
      try await eventually("ada is there") { try await site.names() == ["ada"] }
      try await site.directory.modify(
        """
        dn: uid=ada,\(site.base)
        changetype: modify
        add: description
        description: by hand
        -
        add: userPassword
        userPassword: very-secret
        -
        add: mobile
        mobile: 123
        """)
      try await site.sql("DELETE FROM users WHERE id = 1")
      try await eventually("ada is gone") { try await site.names().isEmpty }
      try await eventually("it is told") {
        try await !rows(site, "1", "action = 'delete' AND outcome = 'done'").isEmpty
      }
      let whole = try #require(try await rows(site, "changes", "outcome = 'intended'").first)
      #expect(whole.contains(#""description":{"removed":["by hand"]}"#))
      #expect(whole.contains(#""mail":{"removed":["a@example.com"]}"#))
      #expect(whole.contains(#""userPassword":{"removed":[{"hidden":true}]}"#))
      #expect(whole.contains(#""mobile":{"removed":[{"sha256":""#))
      #expect(!whole.contains("very-secret"))
      #expect(
        try await site.sql(
          """
          SELECT r.intent = i.id, r.at >= i.at, r.entry_id = i.entry_id FROM rollcall.journal i, rollcall.journal r
          WHERE i.outcome = 'intended' AND r.action = 'delete' AND r.outcome = 'done'
          """) == "t|t|t")
    }
  }

  @Test("parking and holding are told once each, with their reasons")
  func parkedAndHeld() async throws {
    var settings = SiteSettings()
    settings.more = "removals: { most: 1%, least: 1 }"
    let site = try await World.shared.site(settings)
    try await site.withDaemon { _ in
      try await site.sql(
        """
        INSERT INTO users SELECT n, 'u' || n, 'u@example.com', 'Full U' || n, 'active', now() FROM generate_series(1, 8) n
        """)
      try await eventually("eight are there") { try await site.names().count == 8 }
      try await site.sql("INSERT INTO users VALUES (9, '', 'x@example.com', 'No Name', 'active', now())")
      try await eventually("the ninth is parked") { try await !rows(site, "1", "action = 'park'").isEmpty }
      #expect(try await rows(site, "key", "message LIKE 'name-missing: person 9 %'") == ["9"])
      try await site.sql("DELETE FROM users WHERE id <= 4")
      try await eventually("four are held") { try await rows(site, "1", "action = 'hold'").count == 4 }
      #expect(try await rows(site, "1", "action = 'hold' AND message LIKE 'delete: the removal budget%'").count == 4)
      try await site.sql("UPDATE users SET email = 'y@example.com' WHERE id = 9")
      try await eventually("it is looked at") {
        try await site.sql("SELECT count(*) FROM rollcall.parked") == "1"
      }
      #expect(try await rows(site, "1", "action = 'park'").count == 1)
    }
  }

  @Test("what the database's encoding does not have is told in ASCII, and nobody stays for that")
  func anotherEncoding() async throws {
    var settings = SiteSettings()
    settings.encoding = "LATIN1"
    let site = try await World.shared.site(settings)
    try await site.sql("INSERT INTO users VALUES (1, 'ada', 'a@example.com', 'Ada Lovelace', 'active', now())")
    #expect(try await site.sync().parked == 0)
    try await site.directory.modify(
      "dn: uid=ada,\(site.base)\nchangetype: modify\nadd: description\ndescription:: xb1sdcWlIPCfkKc=\n")
    try await site.sql("DELETE FROM users WHERE id = 1")
    #expect(try await site.sync().parked == 0)
    #expect(try await site.names().isEmpty)
    let whole = try #require(try await rows(site, "changes", "outcome = 'intended'").first)
    #expect(whole.contains(#""description":{"removed":["\u017dlu\u0165 \ud83d\udc27"]}"#), "\(whole)")
    #expect(try await rows(site, "1", "action = 'delete' AND outcome = 'done'").count == 1)
  }
}
