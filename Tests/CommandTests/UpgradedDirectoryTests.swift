import Sandbox
import Testing

/// An older version's schema, with what that version has remembered of a directory that it filled.
@Suite struct UpgradedDirectoryTests {
  @Test("after an upgrade the daemon goes on: nobody's entry is written again, and new people come", arguments: [2, 3])
  func goesOn(from version: Int) async throws {
    let site = try await House.shared.site()
    try await site.postgres.psqlFile(
      "\(Repository.root)/Tests/Schemas/version-\(version).sql", database: site.name)
    try await site.postgres.psqlFile(
      "\(Repository.root)/Tests/Schemas/version-\(version)-grants.sql", variables: ["role": site.role],
      database: site.name)
    try await site.sql(
      """
      SELECT rollcall.watch('users', 'id', '{email,full_name,status,username}');
      GRANT SELECT ON users TO \(site.role)
      """)
    try await fill(site)
    let before = try await stamps(site)
    #expect(before.count == 3)

    let told = try await site.rollcall("check")
    #expect(told.code == 1 && told.output.contains("of version \(version), this program needs"), "\(told.words)")
    for step in 2...4 {
      #expect(told.output.contains("the upgrade to version \(step): ") == (step > version), "\(told.words)")
    }
    let waiting = try await site.rollcall("run")
    #expect(
      waiting.code == 1
        && waiting.errors.split(separator: "\n").count(where: { $0.contains("run: rollcall install") }) == 1,
      "\(waiting.words)")
    #expect(try await site.sql("SELECT version FROM rollcall.version") == "\(version)", "nothing is changed yet")

    // HR goes on meanwhile.
    try await site.hire(["dora"], from: 4)
    try await site.install()
    let checked = try await site.succeed("check")
    #expect(!checked.output.contains("error:") && !checked.output.contains("the upgrade"), "\(checked.words)")
    try await site.withDaemon { _ in
      try await soon("the newcomer is there") { try await site.names() == ["ada", "bob", "carol", "dora"] }
      try await soon("everybody was compared") {
        try await site.sql("SELECT compared = fingerprint AND NOT recording FROM rollcall.directory") == "t"
      }
      try await site.succeed("status")
    }
    let after = try await stamps(site)
    #expect(before.allSatisfy { after[$0.key] == $0.value }, "written again: \(before) \(after)")
    #expect(try await site.sql("SELECT count(*) FROM rollcall.held") == "0")
    #expect(try await site.sql("SELECT string_agg(key, ' ' ORDER BY key) FROM rollcall.entry") == "1 2 3 4")
    #expect(try await site.rollcall("plan").code == 0)
  }

  /// Three people in the table and in the directory, and the ledger's rows about them.
  private func fill(_ site: Site) async throws {
    let people = ["ada", "bob", "carol"]
    try await site.hire(people)
    let entries = people.enumerated().map { index, name in
      """
      dn: uid=\(name),\(site.base)
      changetype: add
      objectClass: inetOrgPerson
      employeeNumber: \(index + 1)
      uid: \(name)
      cn: Full \(name)
      sn: \(name)
      mail: \(name)@example.com

      """
    }
    try await site.directory.modify(entries.joined(separator: "\n"))
    let ids = try await attribute("entryUUID", site)
    for (key, id) in ids {
      try await site.sql(
        "INSERT INTO rollcall.entry (directory, key, entry_id) VALUES ('\(site.name)', '\(key)', '\(id)')")
    }
    try await site.sql(
      """
      INSERT INTO rollcall.directory (name, watermark, fingerprint, compared, base, last_reconcile)
      VALUES ('\(site.name)', pg_current_snapshot(), 'of the older version', 'of the older version', '\(site.base)', now())
      """)
  }

  /// When each person's entry was written, by key.
  private func stamps(_ site: Site) async throws -> [String: String] { try await attribute("entryCSN", site) }

  private func attribute(_ name: String, _ site: Site) async throws -> [String: String] {
    let text = try await site.directory.search(
      base: site.base, filter: "(employeeNumber=*)", attributes: ["employeeNumber", name])
    var found: [String: String] = [:]
    for entry in text.split(separator: "\n\n") {
      let lines = entry.split(separator: "\n")
      func value(_ attribute: String) -> String? {
        lines.first { $0.hasPrefix("\(attribute): ") }.map { String($0.dropFirst(attribute.count + 2)) }
      }
      if let key = value("employeeNumber"), let value = value(name) { found[key] = value }
    }
    return found
  }
}
