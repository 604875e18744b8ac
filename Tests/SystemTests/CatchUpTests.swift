import LDAPModel
import RollcallEngine
import Sandbox
import Testing

@testable import RollcallAdministration

/// What was missed is found: downtime, late commits, silent writers, drift.
@Suite struct CatchUpTests {
  @Test func twoThousandRowsInOneStatement() async throws {
    let site = try await World.shared.site()
    try await site.withDaemon { _ in
      try await site.sql(
        "INSERT INTO users SELECT n, 'u' || n, 'x', 'Full ' || n, 'active', now() FROM generate_series(1, 2000) n"
      )
      try await eventually(within: .seconds(60), "all are there") { try await site.names().count == 2000 }
      try await site.sql("UPDATE users SET email = id || '@example.com'")
      try await eventually(within: .seconds(60), "all are changed") {
        try await site.entries(["mail"]).values.allSatisfy {
          $0["mail"].first?.text?.hasSuffix("@example.com") == true
        }
      }
      try await site.sql("DELETE FROM users WHERE id > 5")
      try await eventually(within: .seconds(60), "most are gone") { try await site.names().count == 5 }
    }
    try await site.expectInStep()
  }

  @Test("G2: after a downtime with every kind of write the directory is what the table says")
  func downtimeWithEveryKindOfWrite() async throws {
    let site = try await World.shared.site()
    try await site.insert(["ann", "ben", "cid", "dan", "eve"])
    try await site.withDaemon { _ in
      try await eventually("all are there") { try await site.names().count == 5 }
    }
    try await site.sql(
      """
      DELETE FROM users WHERE id = 1;
      UPDATE users SET username = CASE id WHEN 2 THEN 'cid' ELSE 'ben' END WHERE id IN (2, 3);
      UPDATE users SET id = 40 WHERE id = 4;
      UPDATE users SET status = 'left' WHERE id = 5;
      INSERT INTO users VALUES (6, 'ann', 'a@example.com', 'New Ann', 'active', now());
      BEGIN; INSERT INTO users VALUES (7, 'never', 'x', 'Never', 'active', now()); ROLLBACK;
      SET rollcall.notify = off; INSERT INTO users VALUES (8, 'quiet', 'x', 'Quiet', 'active', now());
      """)
    try await site.withDaemon { _ in
      try await eventually("all is as the table says") {
        try await site.nameByKey() == ["cid", "ben", "eve", "ann", "quiet", "dan"]
      }
      try await eventually("eve is disabled") { try await site.value("employeeType", of: "5") == "disabled" }
    }
    try await site.expectInStep()
  }

  @Test("G2: what was changed during a downtime, of more people than one read returns, is no sign of lost writes")
  func aLongDowntime() async throws {
    let site = try await World.shared.site()
    try await site.insert((1...1500).map { "u\($0)" })
    try await site.sync()
    let compared = try await site.sql("SELECT last_reconcile FROM rollcall.directory")
    // The last confirmed people are looked at again at the start, and all of them have changed.
    let xid = try await site.sql("BEGIN; UPDATE users SET email = 'new'; SELECT pg_current_xact_id(); COMMIT")
    try await site.withDaemon(compared: false) { _ in
      try await eventually("each is written once, for that transaction") {
        try await site.sql(
          "SELECT count(*), count(DISTINCT key) FROM rollcall.journal WHERE action = 'update' AND xid = '\(xid)'")
          == "1500|1500"
      }
      try await eventually("it has settled") {
        try await site.sql("SELECT pg_visible_in_snapshot('\(xid)', watermark) FROM rollcall.directory") == "t"
      }
      #expect(try await site.sql("SELECT count(*) FROM rollcall.journal WHERE action = 'update'") == "1500")
      #expect(try await site.report().problems.isEmpty)
      #expect(try await site.sql("SELECT last_reconcile FROM rollcall.directory") == compared)
    }
    try await site.expectInStep()
  }

  @Test("G2: a watermark that PostgreSQL has lost in a crash is gone back to, and nobody is compared for it")
  func aWatermarkThatWasLost() async throws {
    let site = try await World.shared.site()
    let passes = """
      SELECT count(*) FROM rollcall.change c, rollcall.directory d
      WHERE d.watermark IS NULL OR NOT pg_visible_in_snapshot(c.xid, d.watermark)
      """
    try await site.insert(["ann"])
    try await site.withDaemon { _ in
      try await eventually("ann is settled") { try await site.sql(passes) == "0" }
      let old = try await site.sql("SELECT watermark, last_reconcile FROM rollcall.directory").split(separator: "|")
      for number in 2...4 {
        try await site.insert(["p\(number)"], from: number)
        try await eventually("\(number) is settled") { try await site.sql(passes) == "0" }
        try await site.sql("UPDATE rollcall.directory SET watermark = '\(old[0])'")
      }
      try await site.insert(["ben"], from: 5)
      try await eventually("all is settled") { try await site.sql(passes) == "0" }
      #expect(try await site.sql("SELECT last_reconcile FROM rollcall.directory") == old[1])
    }
    try await site.expectInStep()
  }

  @Test("G2: a log that is cut while an old transaction is open makes everybody be compared once, not for ever")
  func aLogThatWasCutBesideAnOldTransaction() async throws {
    let site = try await World.shared.site()
    try await site.insert(["ann"])
    try await site.sync()
    let session = try await site.session()
    try await session.run("BEGIN; INSERT INTO users VALUES (9, 'late', 'x', 'Late', 'active', now())")
    try await site.insert(["ben", "cid"], from: 2)
    // As prune() leaves it when this directory lags too far.
    try await site.sql(
      "UPDATE rollcall.directory SET watermark = NULL, cut = (SELECT max(xid) FROM rollcall.change); "
        + "DELETE FROM rollcall.change")
    try await site.withDaemon { _ in
      try await eventually("there is a watermark again") {
        try await site.sql("SELECT watermark IS NOT NULL AND cut IS NULL FROM rollcall.directory") == "t"
      }
      try await session.run("COMMIT")
      try await eventually("late is there") { try await site.names() == ["ann", "ben", "cid", "late"] }
    }
    try await site.expectInStep()
  }

  @Test("G3: a transaction that is open across a restart is not lost") func aTransactionOpenAcrossARestartIsNotLost()
    async throws
  {
    let site = try await World.shared.site()
    try await site.insert(["ann"])
    let session = try await site.session()
    try await session.run("BEGIN; INSERT INTO users VALUES (2, 'late', 'x', 'Late', 'active', now())")
    try await site.withDaemon { _ in
      try await eventually("ann is there") { try await site.names() == ["ann"] }
    }
    try await site.insert(["ben"], from: 3)
    try await site.withDaemon { _ in
      try await eventually("ben is there") { try await site.names() == ["ann", "ben"] }
      try await session.run("COMMIT")
      try await eventually("the late one is there") { try await site.names() == ["ann", "ben", "late"] }
    }
    try await site.expectInStep()
  }

  /// - Parameter others: who is inserted by the same transaction: more than one read of the log returns.
  @Test(arguments: [0, 1200]) func truncateIsNoticed(others: Int) async throws {
    let site = try await World.shared.site()
    try await site.insert(["ann", "ben"])
    try await site.withDaemon { _ in
      try await eventually("both are there") { try await site.names().count == 2 }
      try await site.sql(
        """
        BEGIN; TRUNCATE users; INSERT INTO users SELECT 100 + n, 'u' || n, 'x', 'Full ' || n, 'active', now()
        FROM generate_series(1, \(others)) n; COMMIT
        """)
      try await eventually("both are gone") {
        try await site.names()
      } is: {
        $0.count == others && $0.first != "ann"
      }
    }
    try await site.expectInStep()
  }

  @Test func driftIsRepairedByAFullSync() async throws {
    let site = try await World.shared.site()
    try await site.insert(["ann", "ben", "cid"])
    try await site.sync()
    try await site.directory.modify(
      """
      dn: uid=ann,\(site.base)
      changetype: modify
      replace: mail
      mail: drift@example.com
      -
      add: telephoneNumber
      telephoneNumber: 12345

      dn: uid=ben,\(site.base)
      changetype: delete

      dn: uid=cid,\(site.base)
      changetype: modrdn
      newrdn: uid=moved
      deleteoldrdn: 1
      """)
    // Who was written last is looked at again by each connection.
    try await site.sql("DELETE FROM rollcall.confirmed")
    try await site.sync()
    let drifted = try await site.names()
    #expect(drifted == ["ann", "moved"])
    // Written around the triggers.
    try await site.sql(
      """
      ALTER TABLE users DISABLE TRIGGER USER;
      INSERT INTO users VALUES (4, 'dan', 'x', 'Dan', 'active', now()); DELETE FROM users WHERE id = 3;
      SELECT rollcall.watch('public.users', 'id');
      """)
    let outcome = try await site.sync(full: true)
    #expect(outcome.applied == 4)
    #expect(try await site.names() == ["ann", "ben", "dan"])
    #expect(try await site.value("mail", of: "1") == "ann@example.com")
    #expect(try await site.value("telephoneNumber", of: "1") == "12345")
    try await site.expectInStep()
  }

  @Test func aSecondLookWritesNothing() async throws {
    let site = try await World.shared.site()
    try await site.insert((1...50).map { "u\($0)" })
    #expect(try await site.sync(full: true).applied == 50)
    #expect(try await site.sync(full: true).applied == 0)
    #expect(try await site.sync().applied == 0)
  }

  @Test func theWatermarkMovesAndTheLogIsPruned() async throws {
    let site = try await World.shared.site()
    try await site.withDaemon { _ in
      try await site.insert(["ann"])
      try await eventually("the watermark has passed her") {
        try await site.sql(
          """
          SELECT count(*) FROM rollcall.change c, rollcall.directory d
          WHERE d.looked_at IS NOT NULL AND NOT pg_visible_in_snapshot(c.xid, d.watermark)
          """) == "0"
      }
    }
    try await site.sync()
    #expect(try await site.sql("SELECT count(*) FROM rollcall.change") == "0")
  }
}
