import Sandbox
import Testing

/// `history --erase`: a person's values go from the journal, and the facts stay.
@Suite(.serialized) struct ErasureTests {
  private func site() async throws -> Site {
    let site = try await House.shared.site()
    try await site.install()
    try await site.journal(
      "update",
      [
        "key": "'17'", "dn": "'uid=ada,ou=users'", "new_dn": "'uid=lovelace,ou=users'", "message": "'ada is odd'",
        "xid": "'741'", "code": "50",
        "changes": #"'{"mail":{"removed":["ada@x\u0000"],"added":["Ada \"removed\" \\u0000"]},"cn":{}}'"#,
        "entry_id": "'00000000-0000-4000-8000-000000000001'",
      ])
    try await site.journal("create", ["key": "'17'", "dn": "'uid=ada,ou=users'"])
    try await site.journal("pin", ["key": "'17'", "because": "'ada is ill'", "actor": "'bob@host'"])
    try await site.journal(
      "update", ["key": "'18'", "dn": "'uid=grace,ou=users'", "changes": #"'{"mail":{"added":["grace"]}}'"#])
    return site
  }

  private func text(of key: String, _ site: Site) async throws -> String {
    try await site.sql("SELECT j FROM rollcall.journal AS j WHERE key = '\(key)' AND action <> 'erase' ORDER BY id")
  }

  @Test("values, names, messages and reasons are gone; what was done, when, to which attributes, and by whom stays")
  func erase() async throws {
    let site = try await site()
    let before = try HistoryLine.parse(try await site.succeed("history", "17", "--json").output)
    let grace = try await text(of: "18", site)
    let ran = try await site.succeed("history", "--erase", "17", "--because", "her request")
    #expect(ran.output == "3 rows of key 17 erased\n")
    let rest = try await text(of: "17", site).lowercased()
    for word in ["ada", "lovelace", "ill", "odd"] { #expect(!rest.contains(word), "\(word): \(rest)") }
    #expect(try await text(of: "18", site) == grace)
    var after = try HistoryLine.parse(try await site.succeed("history", "17", "--json").output)
    let erasure = after.removeFirst()
    #expect(erasure.action == "erase" && erasure.because == "her request" && erasure.message == "3 rows")
    #expect(erasure.actor?.contains("@") == true)
    let facts = { (line: HistoryLine) in
      "\(line.id) \(line.at) \(line.action) \(line.xid ?? "") \(line.code ?? 0) \(line.actor ?? "")"
    }
    #expect(after.map(facts) == before.map(facts))
    #expect(after.last?.changes?.keys.sorted() == ["cn", "mail"])
    #expect(after.last?.changes?["mail"] == HistoryLine.Change(removed: nil, added: nil))
    #expect(after.allSatisfy { $0.dn == nil && $0.newDn == nil && $0.message == nil })
    let page = try await site.succeed("history", "17").output
    #expect(page.contains("    mail: (erased)\n"))
    #expect(try await site.succeed("history", "17", "--ldif").output.contains("# the values were erased\n"))
    // Once more, there is nothing left; that too is written down.
    #expect(
      try await site.succeed("history", "--erase", "17", "--because", "again").output == "0 rows of key 17 erased\n")
  }

  @Test("the daemon's role can erase by this way alone, and not without a reason")
  func rights() async throws {
    let site = try await site()
    for sql in ["UPDATE rollcall.journal SET dn = NULL", "DELETE FROM rollcall.journal", "TRUNCATE rollcall.journal"] {
      await #expect(throws: (any Error).self, "\(sql)") { try await site.sql("SET ROLE \(site.role); \(sql)") }
    }
    await #expect(throws: (any Error).self) {
      try await site.sql("SET ROLE \(site.role); SELECT rollcall.erase('\(site.name)', '17', 'x', ' ')")
    }
    await #expect(throws: (any Error).self) {
      try await site.sql("SET ROLE rollcall_auditor; SELECT rollcall.erase('\(site.name)', '17', 'x', 'y')")
    }
    #expect(try await text(of: "17", site).contains("ada"))
  }

  @Test("a removal without a result keeps its row, because its result is found by it")
  func underWay() async throws {
    let site = try await site()
    let intent = try await site.journal(
      "delete",
      ["key": "'17'", "outcome": "'intended'", "dn": "'uid=ada'", "changes": #"'{"uid":{"removed":["ada"]}}'"#])
    let ran = try await site.rollcall("history", "--erase", "17", "--because", "x")
    #expect(ran.code == 1)
    #expect(ran.errors.contains("1 removal of key 17 without a result yet"))
    #expect(try await text(of: "17", site).contains("uid=ada"))
    try await site.journal("delete", ["key": "'17'", "dn": "'uid=ada'", "intent": "\(intent)"])
    #expect(try await site.succeed("history", "--erase", "17", "--because", "x").output == "2 rows of key 17 erased\n")
    #expect(try await !text(of: "17", site).contains("ada"))
  }
}
