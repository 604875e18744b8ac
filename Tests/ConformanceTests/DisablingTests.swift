import LDAPModel
import RollcallEngine
import Sandbox
import Testing

/// `disable: {}`: the server's own way of keeping somebody out, and back.
@Suite struct DisablingTests {
  /// What the server's own way looks like, and its absence.
  private static func lock(_ kind: DirectoryServerKind) -> (attribute: String, locked: String, open: String?) {
    switch kind {
    case .openLDAP: ("pwdAccountLockedTime", "000001010000Z", nil)
    case .directory389: ("nsAccountLock", "true", nil)
    case .activeDirectory: ("userAccountControl", "514", "512")
    }
  }

  @Test(arguments: Servers.kinds)
  func whoLeavesIsLockedOutAndBack(_ kind: DirectoryServerKind) async throws {
    let lock = DisablingTests.lock(kind)
    try await Servers.withSite(kind) { site in
      try await site.insert(["ann", "ben"])
      try await site.withDaemon {
        try await eventually("both can log in") {
          guard try await site.names().count == 2 else { return false }
          return try await [site.canLogIn(1), site.canLogIn(2)] == [true, true]
        }
        try await site.sql("UPDATE users SET status = 'left' WHERE id = 1")
        try await eventually("she is locked out") {
          try await site.value(lock.attribute, of: 1) == lock.locked
        }
        #expect(try await !site.canLogIn(1))
        #expect(try await site.canLogIn(2))
        try await site.expectInStep()
        // Disabled she stays while the rest of her row is followed.
        try await site.sql("UPDATE users SET username = 'anna', email = 'anna@example.com' WHERE id = 1")
        try await eventually("she is renamed") { try await site.value("mail", of: 1) == "anna@example.com" }
        #expect(try await site.value(lock.attribute, of: 1) == lock.locked)
        try await site.sql("UPDATE users SET status = 'active' WHERE id = 1")
        try await eventually("she is let in again") {
          try await site.value(lock.attribute, of: 1) == lock.open
        }
        #expect(try await site.canLogIn(1))
      }
      try await site.expectAtRest()
    }
  }

  /// Nobody stays logged in because the rest of the row cannot be done.
  @Test(arguments: Servers.kinds)
  func whoLeavesIsLockedOutThoughTheRowCannotBeDone(_ kind: DirectoryServerKind) async throws {
    let lock = DisablingTests.lock(kind)
    var settings = SiteSettings()
    settings.attributes = Profile.of(kind).attributes + ["telephoneNumber: (email::numeric)::text"]
    try await Servers.withSite(kind, settings) { site in
      try await site.insert(["ann", "ben", "cid"])
      try await site.sql("UPDATE users SET email = id")
      try await site.sync()
      // The mapping fails; the name is taken; a name is missing.
      try await site.sql(
        """
        UPDATE users SET status = 'left';
        UPDATE users SET email = 'no number' WHERE id = 1;
        UPDATE users SET username = 'ben' WHERE id = 3;
        UPDATE users SET username = NULL WHERE id = 2;
        """)
      try await site.sync()
      #expect(try await site.parked() == ["1|mapping", "2|name-missing", "3|name-taken"])
      for key in 1...3 {
        #expect(try await site.value(lock.attribute, of: key) == lock.locked)
        #expect(try await !site.canLogIn(key))
      }
      // And it is ours to undo.
      try await site.sql("UPDATE users SET status = 'active', email = id, username = 'u' || id")
      try await site.sync()
      #expect(try await site.parked().isEmpty)
      for key in 1...3 { #expect(try await site.canLogIn(key)) }
      try await site.expectAtRest()
    }
  }

  @Test(arguments: Servers.kinds)
  func whoComesDisabledGetsInLater(_ kind: DirectoryServerKind) async throws {
    let lock = DisablingTests.lock(kind)
    try await Servers.withSite(kind) { site in
      try await site.sql("INSERT INTO users VALUES (1, 'ann', 'x', 'Ann', 'announced', now())")
      try await site.sync()
      #expect(try await site.value(lock.attribute, of: 1) == lock.locked)
      #expect(try await !site.canLogIn(1))
      try await site.expectAtRest()
      try await site.sql("UPDATE users SET status = 'active'")
      try await site.sync()
      #expect(try await site.value(lock.attribute, of: 1) == lock.open)
      #expect(try await site.canLogIn(1))
      try await site.expectAtRest()
    }
  }

  @Test(arguments: Servers.kinds)
  func aLockSetByHandStays(_ kind: DirectoryServerKind) async throws {
    let lock = DisablingTests.lock(kind)
    try await Servers.withSite(kind) { site in
      try await site.insert(["ann"])
      try await site.sync()
      try await site.server.modify(
        "dn: \(site.naming)=ann,\(site.base)\nchangetype: modify\nreplace: \(lock.attribute)\n"
          + "\(lock.attribute): \(lock.locked)\n")
      // Neither a change of the row nor her leaving and coming back opens what Rollcall did not lock.
      for change in ["email = 'a@example.com'", "status = 'left'", "status = 'active'"] {
        try await site.sql("UPDATE users SET \(change)")
        try await site.sync()
        #expect(try await site.value(lock.attribute, of: 1) == lock.locked)
        try await site.expectAtRest()
      }
      #expect(try await site.value("mail", of: 1) == "a@example.com")
    }
  }

  @Test(arguments: Servers.kinds)
  func whoseRowIsGoneIsLockedOut(_ kind: DirectoryServerKind) async throws {
    let lock = DisablingTests.lock(kind)
    var settings = SiteSettings()
    settings.users = ["removed: disable"]
    try await Servers.withSite(kind, settings) { site in
      try await site.insert(["ann"])
      try await site.sync()
      try await site.sql("DELETE FROM users")
      try await site.sync()
      #expect(try await site.value(lock.attribute, of: 1) == lock.locked)
      #expect(try await !site.canLogIn(1))
      try await site.expectAtRest()
      try await site.insert(["ann"])
      try await site.sync()
      #expect(try await site.value(lock.attribute, of: 1) == lock.open)
      #expect(try await site.canLogIn(1))
      try await site.expectAtRest()
    }
  }
}
