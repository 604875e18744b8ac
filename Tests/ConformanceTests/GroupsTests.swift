import LDAPModel
import RollcallEngine
import Sandbox
import Testing

/// Groups that follow from a table of roles, on every kind of server.
@Suite struct GroupsTests {
  @Test(arguments: Servers.kinds)
  func groupsComeWithTheirFirstMemberAndGoWithTheirLast(_ kind: DirectoryServerKind) async throws {
    try await Servers.withSite(kind, .groups()) { site in
      try await site.withDaemon {
        try await site.insert(["ann", "ben"])
        try await site.grant([(1, "devs"), (2, "devs"), (2, "ops")])
        try await eventually("both are in") {
          try await [site.members("devs"), site.members("ops")]
        } is: {
          $0 == [["ann", "ben"], ["ben"]]
        }
        try await site.expectInStep()
        try await site.sql("DELETE FROM user_roles WHERE user_id = 1")
        try await eventually("ann has left") { try await site.members("devs") == ["ben"] }
        try await site.sql("DELETE FROM users WHERE id = 2")
        try await eventually("ben is gone") { try await site.names() == ["ann"] }
        try await eventually("and the groups with him") {
          try await [site.members("devs"), site.members("ops")]
        } is: {
          $0 == [nil, nil]
        }
      }
      try await site.expectAtRest()
    }
  }

  /// The account name of a group is unique in the whole domain; the server chooses one where the mapping gives none.
  @Test(
    .enabled(if: SambaDomain.obstacle == nil, "Samba's fixed ports must be free and open to us"),
    arguments: [[], ["attributes: { sAMAccountName: name }"]])
  func aNameThatAnotherObjectHasIsNamed(_ lines: [String]) async throws {
    try await Servers.withSite(.activeDirectory, .groups(lines)) { site in
      try await site.insert(["ann", "ben"])
      try await site.grant([(1, "Domain Admins"), (2, "free \(site.name)")])
      try await site.sync()
      #expect(try await site.members("free \(site.name)") == ["ben"])
      if lines.isEmpty {
        #expect(try await site.members("Domain Admins") == ["ann"])
        return try await site.expectAtRest()
      }
      #expect(try await site.members("Domain Admins") == nil, "the group was made in \(site.groupsBase)")
      #expect(try await site.parked() == ["1|group"])
      let message = try await site.sql("SELECT message FROM rollcall.parked")
      #expect(message.contains("CN=Domain Admins,CN=Users") && !message.contains("(32)"))
    }
  }

  @Test(arguments: Servers.kinds)
  func renamesAndExchangesAreFollowed(_ kind: DirectoryServerKind) async throws {
    var settings = SiteSettings.groups()
    settings.attributes = Profile.freelyNamed(kind)
    try await Servers.withSite(kind, settings) { site in
      try await site.insert(["ann", "ben", "cid"])
      try await site.grant([(1, "devs"), (1, "ops"), (2, "devs"), (3, "ops")])
      try await site.withDaemon {
        try await eventually("all are in") { try await site.members("ops") == ["ann", "cid"] }
        try await site.sql("UPDATE users SET username = 'An, \"na\"' WHERE id = 1")
        try await eventually("the groups have followed") {
          try await [site.members("devs"), site.members("ops")]
        } is: {
          $0 == [["An, \"na\"", "ben"], ["An, \"na\"", "cid"]]
        }
        try await site.expectInStep()
        // An exchange of names is none of memberships.
        try await site.sql("UPDATE users SET username = CASE id WHEN 2 THEN 'cid' ELSE 'ben' END WHERE id > 1")
        try await eventually("two have exchanged their names") {
          try await [site.members("devs"), site.members("ops"), site.namesByKey()]
        } is: {
          $0 == [["An, \"na\"", "cid"], ["An, \"na\"", "ben"], ["An, \"na\"", "cid", "ben"]]
        }
        try await eventually("nobody is in motion") {
          try await site.sql("SELECT count(*) FROM rollcall.renaming") == "0"
        }
      }
      try await site.expectAtRest()
    }
  }

  @Test(arguments: Servers.kinds)
  func othersMembersStayAndALostGroupIsMadeAnew(_ kind: DirectoryServerKind) async throws {
    try await Servers.withSite(kind, .groups()) { site in
      let guest = site.server.accountDN
      try await site.insert(["ann", "ben"])
      try await site.grant([(1, "devs"), (2, "devs")])
      try await site.sync()
      try await site.server.modify(
        "dn: cn=devs,\(site.groupsBase)\nchangetype: modify\nadd: member\nmember: \(guest)\n")
      try await site.sql("DELETE FROM user_roles WHERE user_id = 1")
      try await site.sync()
      #expect(try await site.members("devs")?.map { $0.lowercased() }.sorted() == ["ben", guest.lowercased()])
      try await site.expectAtRest()
      try await site.server.modify("dn: cn=devs,\(site.groupsBase)\nchangetype: delete\n")
      try await site.sync(full: true)
      #expect(try await site.members("devs") == ["ben"])
      try await site.expectAtRest()
    }
  }

  /// More than Active Directory hands out at a time, so the list comes in ranges.
  @Test(arguments: Servers.kinds)
  func aGroupOfSixteenHundred(_ kind: DirectoryServerKind) async throws {
    var settings = SiteSettings.groups()
    // Each password costs a hash.
    settings.password = "NULL"
    // Samba takes long to show so many members.
    settings.directory = ["timeout: 40s"]
    try await Servers.withSite(kind, settings) { site in
      try await site.sql(
        """
        INSERT INTO users SELECT n, 'u' || n, 'x', 'Full ' || n, 'active', now() FROM generate_series(1, 1600) n;
        INSERT INTO user_roles SELECT id, 'staff' FROM users;
        """)
      try await site.sync()
      #expect(try await site.memberCount("staff") == 1600)
      try await site.expectInStep()
      // Beyond the first range: one who is missing, and one who is not to be there.
      try await site.server.modify(
        """
        dn: cn=staff,\(site.groupsBase)
        changetype: modify
        delete: member
        member: \(site.naming)=u1,\(site.base)
        member: \(site.naming)=u1600,\(site.base)
        """)
      try await site.sql("SET rollcall.notify = off; DELETE FROM user_roles WHERE user_id IN (800, 1599)")
      try await site.sync(full: true)
      #expect(try await site.memberCount("staff") == 1598)
      try await site.expectAtRest()
    }
  }
}

extension Site {
  /// A group's members by their names, sorted; others than people of this site as they are. Nil: no such group.
  func members(_ group: String) async throws -> [String]? {
    let found = try await entries(["member"], below: groupsBase, .equal("cn", AttributeValue(group))).first
    return found?["member"].compactMap(\.text).map { member in
      let name = DistinguishedName(unchecked: member)
      guard name.parent?.text.lowercased() == self.base.lowercased() else { return member }
      return name.first?.parts.first?.value.text ?? member
    }.sorted()
  }

  /// Counted by who is in it, because a list may come in ranges.
  func memberCount(_ group: String) async throws -> Int {
    let entries = try await server.search(base: "cn=\(group),\(groupsBase)", scope: "base", attributes: ["member"])
    guard let range = entries.split(separator: "\n").first(where: { $0.hasPrefix("member;range=0-") }) else {
      return entries.split(separator: "\n").count { $0.hasPrefix("member:") }
    }
    let last = Int(range.drop { $0 != "-" }.dropFirst().prefix { $0.isNumber }) ?? 0
    let rest = try await server.search(
      base: "cn=\(group),\(groupsBase)", scope: "base", attributes: ["member;range=\(last + 1)-*"])
    return last + 1 + rest.split(separator: "\n").count { $0.hasPrefix("member;range=") }
  }

  /// Gives people roles: `(key, role)` pairs.
  func grant(_ roles: [(Int, String)]) async throws {
    let rows = roles.map { "(\($0.0), '\($0.1)')" }.joined(separator: ", ")
    try await sql("INSERT INTO user_roles VALUES \(rows)")
  }
}
