import LDAPModel
import RollcallCore
import RollcallEngine
import Sandbox
import Testing

@testable import RollcallAdministration
@testable import RollcallLedger

/// G6: of several entries with one link nobody is taken away, unless an add of Rollcall's own has made it twice.
@Suite struct DuplicateEntryTests {
  @Test("G8: entries whose link somebody has overwritten stay, also when the row of that link goes")
  func linksThatWereOverwritten() async throws {
    let site = try await World.shared.site()
    try await site.insert((1...32).map { "u\($0)" })
    try await site.sync()
    for id in 1...32 {
      try await site.directory.modify(
        """
        dn: uid=u\(id),\(site.base)
        changetype: modify
        replace: employeeNumber
        employeeNumber: 1

        """)
    }
    try await site.sync(full: true)
    #expect(try await site.names().count == 32)
    try await site.sql("DELETE FROM users WHERE id = 1")
    try await site.sync()
    try await site.sync(full: true)
    #expect(try await site.names().count == 32)
    #expect(try await site.sql("SELECT reason FROM rollcall.parked WHERE key = '1'") == "duplicate-link")
    let message = try await site.sql("SELECT message FROM rollcall.parked WHERE key = '1'")
    #expect(message.contains("uid=u1,") && message.contains("uid=u10,"))
    #expect(try await site.plan().plan.sequences.isEmpty)
    #expect(try await site.sql("SELECT count(*) FROM rollcall.removal") == "0")
  }

  @Test("G6: an entry that was made by hand through Rollcall's own account is no twin", arguments: [true, false])
  func anEntryMadeByHand(isFirst: Bool) async throws {
    let site = try await World.shared.site()
    try await site.insert(["ann"])
    if !isFirst { try await site.sync() }
    for name in isFirst ? ["ann", "ben"] : ["ben"] {
      try await site.directory.asAccount(
        "ldapmodify", ["-a"],
        input: """
          dn: uid=\(name),\(site.base)
          changetype: add
          objectClass: inetOrgPerson
          uid: \(name)
          cn: Full Name
          sn: Name
          employeeNumber: 1

          """)
    }
    #expect(try await site.sync(full: true).parked == 1)
    #expect(try await site.names() == ["ann", "ben"])
    try await site.sql("DELETE FROM users")
    #expect(try await site.sync(full: true).parked == 1)
    #expect(try await site.names() == ["ann", "ben"])
    #expect(try await site.sql("SELECT reason FROM rollcall.parked") == "duplicate-link")
  }
}
