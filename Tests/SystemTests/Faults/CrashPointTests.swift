import LDAPModel
import RollcallEngine
import Sandbox
import Testing

@testable import RollcallAdministration

/// G4: the process is killed at every single write of a piece of work, before the server sees it and after it has
/// carried it out, and the next process finishes it.
@Suite struct CrashPointTests {
  /// Work that takes several operations for one person, or ties several people.
  enum Work: String, CaseIterable, Sendable {
    /// ModifyDN, then modify.
    case renameAndChange
    /// Over a temporary name.
    case swap
    case swapOfThree
    /// The name that one gives up is the next one's.
    case chain
    case disableAndRename
    case removeAndReuse
    /// An entry that was made by hand is moved to its place, and linked.
    case adopt
    /// The same from outside of the base, and its row changes before the next start.
    case adoptFromOutside

    var isAdoption: Bool { [.adopt, .adoptFromOutside].contains(self) }

    /// What HR writes while no process is there.
    var meanwhile: String? {
      self == .adoptFromOutside ? "UPDATE users SET username = 'eva', email = 'newer' WHERE id = 9" : nil
    }

    var sql: String {
      switch self {
      case .renameAndChange:
        "UPDATE users SET username = 'anna', full_name = 'Anna New', email = 'new' WHERE id = 1"
      case .swap: "UPDATE users SET username = CASE id WHEN 1 THEN 'ben' ELSE 'ann' END WHERE id IN (1, 2)"
      case .swapOfThree:
        """
        UPDATE users SET email = 'new', username = CASE id WHEN 1 THEN 'ben' WHEN 2 THEN 'cid' ELSE 'ann' END
        WHERE id IN (1, 2, 3)
        """
      case .chain:
        "UPDATE users SET username = CASE id WHEN 1 THEN 'ben' WHEN 2 THEN 'cid' ELSE 'eve' END WHERE id IN (1, 2, 3)"
      case .disableAndRename: "UPDATE users SET status = 'left', username = 'anna' WHERE id = 1"
      case .removeAndReuse:
        "DELETE FROM users WHERE id = 1; INSERT INTO users VALUES (9, 'ann', 'x', 'Next Ann', 'active', now())"
      case .adopt, .adoptFromOutside: "INSERT INTO users VALUES (9, 'eve', 'new', 'Eve Adams', 'active', now())"
      }
    }

    /// How many get the address `new`.
    ///
    /// - Parameter isChanged: whether HR has written more meanwhile.
    func addresses(_ isChanged: Bool) -> Int {
      switch self {
      case .renameAndChange, .adopt: 1
      case .adoptFromOutside: isChanged ? 0 : 1
      case .swapOfThree: 3
      default: 0
      }
    }

    /// Uid by key, when it is done.
    func outcome(_ isChanged: Bool) -> [String: String] {
      var names = ["1": "ann", "2": "ben", "3": "cid"]
      switch self {
      case .renameAndChange, .disableAndRename: names["1"] = "anna"
      case .swap: (names["1"], names["2"]) = ("ben", "ann")
      case .swapOfThree: (names["1"], names["2"], names["3"]) = ("ben", "cid", "ann")
      case .chain: (names["1"], names["2"], names["3"]) = ("ben", "cid", "eve")
      case .removeAndReuse: (names["1"], names["9"]) = (nil, "ann")
      case .adopt: names["9"] = "eve"
      case .adoptFromOutside: names["9"] = isChanged ? "eva" : "eve"
      }
      return names
    }
  }

  @Test("G4: killed between any two steps", arguments: Work.allCases)
  func killed(at work: Work) async throws {
    let world = try await World.shared
    let folder = world.folder
    // How many writes it takes when nothing goes wrong.
    let undisturbed = try await site(work)
    undisturbed.tap.arm(.request(.max))
    var daemon = try await DaemonProcess.start(undisturbed.site, in: folder)
    try await eventually("\(work) is done") { try await isDone(work, undisturbed.site) }
    try await daemon.process.kill()
    let count = undisturbed.tap.writes - undisturbed.before
    undisturbed.tap.stop()
    #expect(count >= 2, "\(work) is no work of several steps")

    for number in 1...max(count, 1) {
      for point in [LDAPTap.Point.request(number), .answer(number)] {
        let (site, tap, _) = try await site(work)
        tap.arm(point)
        daemon = try await DaemonProcess.start(site, in: folder)
        try await eventually("\(work) comes to \(point)") { tap.isReached }
        try await daemon.process.kill()
        tap.letGo()
        if let meanwhile = work.meanwhile { try await site.sql(meanwhile) }
        daemon = try await DaemonProcess.start(site, in: folder, name: "next")
        try await eventually("\(work) is finished after \(point)") {
          try await isDone(work, site, isChanged: true)
        }
        await daemon.process.stop()
        if work.isAdoption {
          let isThere = try await site.entries().values.filter { $0["telephoneNumber"] == ["123"] }
            .contains { $0["employeeNumber"] == ["9"] }
          // Outside, where its row was changed before anything was written, nothing makes it that person's.
          #expect(isThere || work == .adoptFromOutside && point == .request(1), "\(work) \(point)")
        }
        try await site.expectInStep()
        #expect(try await site.parked().isEmpty, "\(work) \(point)")
        #expect(try await site.sync(full: true).applied == 0, "\(work) \(point): a second look has written")
        // What it has made or taken over is its own: a change needs nobody's approval.
        try await site.sql("UPDATE users SET email = 'later'")
        try await site.sync()
        #expect(
          try await site.entries(["mail"]).values.allSatisfy { $0["mail"] == ["later"] }, "\(work) \(point)")
        tap.stop()
      }
    }
  }

  /// Three people in step, and the work done in the table.
  private func site(_ work: Work) async throws -> (site: Site, tap: LDAPTap, before: Int) {
    let world = try await World.shared
    let tap = try LDAPTap(to: world.directory.port)
    var settings = SiteSettings()
    settings.directoryPort = tap.port
    settings.directory = "timeout: 1s"
    let old = "ou=old-\(UInt32.random(in: 0 ... .max)),\(world.directory.usersBase)"
    if work == .adopt { settings.users += "\n  adopt: { by: mail }" }
    if work == .adoptFromOutside { settings.users += "\n  adopt: { by: mail, below: \"\(old)\" }" }
    let site = try await world.site(settings)
    if work == .adoptFromOutside {
      try await world.directory.modify("dn: \(old)\nchangetype: add\nobjectClass: organizationalUnit\n")
    }
    try await site.insert(["ann", "ben", "cid"])
    try await site.sync()
    if work.isAdoption {
      try await world.directory.modify(
        """
        dn: uid=hand,\(work == .adopt ? site.base : old)
        changetype: add
        objectClass: inetOrgPerson
        uid: hand
        cn: E
        sn: A
        mail: new
        telephoneNumber: 123

        """)
    }
    try await site.sql(work.sql)
    return (site, tap, tap.writes)
  }

  private func isDone(_ work: Work, _ site: Site, isChanged: Bool = false) async throws -> Bool {
    let entries = try await site.entries(["uid", "employeeNumber", "employeeType", "mail"]).values
    var found: [String: String] = [:]
    for entry in entries {
      found[entry["employeeNumber"].first?.text ?? ""] = entry["uid"].compactMap(\.text).joined(separator: "+")
    }
    guard found == work.outcome(isChanged),
      entries.count(where: { $0["mail"] == ["new"] }) == work.addresses(isChanged)
    else {
      return false
    }
    return work != .disableAndRename
      || entries.contains { $0["employeeNumber"] == ["1"] && $0["employeeType"] == ["disabled"] }
  }
}
