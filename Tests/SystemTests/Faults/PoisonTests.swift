import LDAPModel
import RollcallEngine
import Sandbox
import Testing

/// G7: one bad row delays nobody else, and is not tried without a pause.
@Suite struct PoisonTests {
  /// A table with a picture, and an expression that fails for some.
  private func pictures() async throws -> Site {
    var settings = SiteSettings()
    settings.schema = """
      CREATE TABLE users (id int PRIMARY KEY, username varchar, email varchar, full_name varchar, status varchar,
        updated_at timestamp, photo bytea, name_bytes bytea, age text);
      """
    settings.attributes += """

          jpegPhoto: photo
          description: name_bytes
          carLicense: age::int
      """
    return try await World.shared.site(settings)
  }

  @Test("G7: values that the server, LDAP or the mapping cannot take are parked by themselves")
  func valuesThatCannotBe() async throws {
    let site = try await pictures()
    try await site.withDaemon { _ in
      try await site.sql(
        """
        INSERT INTO users SELECT n, 'u' || n, 'x', 'Full ' || n, 'active', now() FROM generate_series(1, 60) n;
        UPDATE users SET photo = decode(repeat('ff', 17000000), 'hex') WHERE id = 7;
        UPDATE users SET name_bytes = '\\xff00fe' WHERE id = 8;
        UPDATE users SET age = 'x' WHERE id = 9;
        UPDATE users SET username = NULL WHERE id = 10;
        UPDATE users SET username = 'u12' WHERE id = 11;
        UPDATE users SET full_name = '' WHERE id = 13;
        """)
      try await eventually("all others are there") { try await site.names().count >= 55 }
      try await eventually("each is parked with its reason") {
        try await site.parked()
      } is: {
        Set($0).isSuperset(of: ["7|too-large", "9|mapping", "10|name-missing", "11|name-taken"])
          && $0.contains { $0.hasPrefix("8|") } && $0.contains { $0.hasPrefix("13|") } && $0.count == 6
      }
      let attempts = try await site.sql("SELECT max(attempts) FROM rollcall.parked")
      #expect(Int(attempts).map { $0 <= 2 } == true, "tried \(attempts) times")
      // Each is released by its cause.
      try await site.sql(
        """
        UPDATE users SET photo = '\\xffd8', name_bytes = 'plain', age = '7', full_name = 'Full',
          username = 'n' || id WHERE id IN (7, 8, 9, 10, 11, 13)
        """)
      try await eventually("all are there") { try await site.names().count == 60 }
      try await eventually("nobody is parked") { try await site.parked().isEmpty }
    }
    try await site.expectInStep()
  }

  @Test("G7: a picture as large as the server takes nothing of keeps nobody waiting")
  func aPictureOfSixteenMegabytes() async throws {
    let site = try await pictures()
    try await site.insert(["ann"])
    try await site.withDaemon { _ in
      try await eventually("ann is there") { try await site.names() == ["ann"] }
      try await site.sql("UPDATE users SET photo = decode(repeat('ff', 16777216), 'hex') WHERE id = 1")
      try await site.insert(["ben"], from: 2)
      try await eventually("ben is there") { try await site.names() == ["ann", "ben"] }
      try await eventually("ann is parked") { try await site.parked() == ["1|too-large"] }
      #expect(try await site.sql("SELECT state FROM rollcall.directory") == "connected")
    }
  }

  @Test("G7: what makes the server drop the connection is found out, and no other key pays for it")
  func aMessageBeyondAnUnknownLimit() async throws {
    let world = try await FaultyWorld.start { $0.globalLines = ["sockbuf_max_incoming_auth 100000"] }
    var settings = SiteSettings()
    settings.attributes += "\n    description: email"
    let site = try await world.site(settings)
    try await site.insert((1...40).map { "u\($0)" })
    try await site.withDaemon { _ in
      try await eventually("all are there") { try await site.names().count == 40 }
      try await site.sql("UPDATE users SET email = CASE id WHEN 7 THEN repeat('x', 200000) ELSE 'new' || id END")
      try await eventually(within: .seconds(60), "all others are changed") {
        try await site.entries(["mail"]).values.filter { $0["mail"].first?.text?.hasPrefix("new") == true }.count == 39
      }
      try await eventually("the one is parked") { try await site.parked() == ["7|refused"] }
      try await site.insert(["ben"], from: 50)
      try await eventually("ben is there") { try await site.value("uid", of: "50") == "ben" }
      try await site.sql("UPDATE users SET email = 'short' WHERE id = 7")
      try await eventually("it is released by its row") {
        try await site.value("mail", of: "7") == "short"
      }
      try await eventually("nobody is parked") { try await site.parked().isEmpty }
    }
    try await site.expectInStep()
  }

  @Test("G7: an entry that the account may not write is parked, and only that")
  func anEntryThatIsLocked() async throws {
    let world = try await FaultyWorld.start()
    try await world.directory.demandGroup(to: "dn.regex=\"^uid=ann,\"")
    let site = try await world.site()
    try await site.insert(["ann", "ben"])
    try await site.withDaemon { _ in
      try await eventually("both are there") { try await site.names() == ["ann", "ben"] }
      try await world.directory.takeRight()
      try await site.sql("UPDATE users SET email = 'a' WHERE id = 1; UPDATE users SET email = 'b' WHERE id = 2")
      try await eventually("ben is changed") { try await site.value("mail", of: "2") == "b" }
      try await eventually("ann is parked") { try await site.parked() == ["1|access"] }
      #expect(try await site.sql("SELECT state FROM rollcall.directory") == "connected")
    }
    // Whoever starts when the right is there again has no reason to compare everybody: that her entry is not as it was
    // confirmed before says nothing of the server.
    let compared = try await site.sql("SELECT last_reconcile FROM rollcall.directory")
    try await world.directory.giveRight()
    try await site.sync()
    #expect(try await site.value("mail", of: "1") == "a")
    #expect(try await site.sql("SELECT last_reconcile FROM rollcall.directory") == compared)
  }

  @Test("G1: who was kept out is tried again, and all of them when the first is let in")
  func aRightThatComesBack() async throws {
    let world = try await FaultyWorld.start()
    try await world.directory.demandGroup(to: "dn.regex=\"^uid=a\"")
    let site = try await world.site()
    try await site.insert(["ann", "abe", "amy", "ben"])
    try await site.withDaemon { _ in
      try await eventually("all are there") { try await site.names().count == 4 }
      try await world.directory.takeRight()
      try await site.sql("UPDATE users SET email = 'new@x', full_name = 'New name'")
      try await eventually("three are parked") {
        try await site.parked() == ["1|access", "2|access", "3|access"]
      }
      try await eventually("they are tried again") {
        try await site.sql("SELECT min(attempts) > 1, count(next_at) FROM rollcall.parked") == "t|3"
      }
      // Two of them would wait for long.
      try await site.sql("UPDATE rollcall.parked SET next_at = now() + interval '1 day' WHERE key <> '1'")
      try await world.directory.giveRight()
      try await eventually(within: .seconds(70), "all are let in") {
        try await [site.value("mail", of: "1"), site.value("mail", of: "2"), site.value("mail", of: "3")]
          == ["new@x", "new@x", "new@x"]
      }
      try await eventually("nobody is parked") { try await site.parked() == [] }
    }
  }

  @Test("G7: a row that changes a hundred times a second keeps nobody waiting")
  func aRowThatNeverRests() async throws {
    let site = try await World.shared.site()
    try await site.insert(["ann", "ben"])
    let session = try await site.session()
    try await site.withDaemon { _ in
      try await eventually("both are there") { try await site.names() == ["ann", "ben"] }
      let busy = Task {
        for number in 0..<1000 {
          if Task.isCancelled { return number }
          try await session.run("UPDATE users SET email = 'e\(number)', username = 'ann\(number % 7)' WHERE id = 1")
        }
        return 1000
      }
      for number in 0..<10 {
        try await site.sql("UPDATE users SET email = 'b\(number)' WHERE id = 2")
        try await eventually("ben's change \(number) is there") {
          try await site.value("mail", of: "2") == "b\(number)"
        }
      }
      busy.cancel()
      let last = try await busy.value - 1
      try await eventually("ann is as she was last") { try await site.value("mail", of: "1") == "e\(last)" }
      #expect(try await site.parked().isEmpty)
    }
    try await site.expectInStep()
  }

  @Test("many refusals in a row pause the directory instead of parking thousands, and end with their cause")
  func theBreaker() async throws {
    let world = try await FaultyWorld.start()
    try await world.directory.demandGroup(to: "dn.children=\"\(world.directory.usersBase)\"")
    let site = try await world.site()
    try await site.insert((1...100).map { "u\($0)" })
    try await site.withDaemon { _ in
      try await eventually("all are there") { try await site.names().count == 100 }
      try await world.directory.takeRight()
      try await site.sql("UPDATE users SET email = 'new'")
      try await eventually("status says so") {
        try await site.sql("SELECT state, reason FROM rollcall.directory")
      } is: {
        $0.hasPrefix("refusing|") && $0.contains("insufficientAccessRights")
      }
      #expect(try await site.parked().count < 10)
      // HR's next write is tried at once, and meets the same.
      try await site.sql("UPDATE users SET email = 'newer' WHERE id = 1")
      #expect(try await site.parked().count < 10)
      try await world.directory.giveRight()
      try await eventually(within: .seconds(60), "all are changed") {
        try await site.entries(["mail"]).values.filter { $0["mail"] == ["new"] }.count == 99
      }
      #expect(try await site.value("mail", of: "1") == "newer")
      try await eventually("nobody is parked") { try await site.parked().isEmpty }
      try await eventually("status says so") {
        try await site.sql("SELECT state FROM rollcall.directory") == "connected"
      }
    }
    try await site.expectInStep()
  }
}
