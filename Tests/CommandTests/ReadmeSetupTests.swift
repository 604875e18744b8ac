import Foundation
import PageBlocks
import Sandbox
import Testing

/// What the README says to paste does what it says, on servers of one's own.
@Suite struct ReadmeSetupTests {
  /// Both blocks go to bash as they stand. What differs from a reader's machine is around them: the first block's
  /// addresses are put right after it, and `make` and `sudo` are programs that do nothing, because the program is built.
  @Test("the setting-up section, pasted into bash, keeps a directory in step")
  func asPasted() async throws {
    let folder = try TemporaryFolder()
    let postgres = try await PostgresServer.start(in: folder, durable: false)
    var options = OpenLDAPOptions()
    options.durable = false
    options.ppolicy = true
    let directory = try await DirectoryServer.start(in: folder, options: options)
    #expect(directory.usersBase == "ou=users,dc=example,dc=com")
    #expect(directory.accountDN == "cn=rollcall,dc=example,dc=com")
    try await postgres.psql("CREATE DATABASE hr")
    try await postgres.psql(
      """
      CREATE TABLE users (id int PRIMARY KEY, username varchar, email varchar, full_name varchar, status varchar,
        updated_at timestamp);
      INSERT INTO users VALUES (1, 'ada', 'ada@example.com', 'Ada Lovelace', 'active', now())
      """, database: "hr")
    let blocks = try Page.blocks(of: .setup).map(\.text)
    try #require(blocks.count == 2 && blocks[0].contains("export PGHOST=") && blocks[1].contains("rollcall run"))
    let work = folder.path + "/pasted"
    try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: false)
    for name in ["make", "sudo"] {
      let stub = try folder.write("#!/bin/sh\n", to: "pasted/\(name)")
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: stub)
    }
    try FileManager.default.createSymbolicLink(atPath: "\(work)/rollcall", withDestinationPath: Rollcall.program)
    let script = try folder.write(
      """
      cd \(work)
      export PATH=\(work):$PATH
      \(blocks[0])
      export PGHOST=127.0.0.1 PGPORT=\(postgres.port) PGSSLMODE=prefer LDAP_URL=\(directory.url)
      trap 'kill $(jobs -p)' TERM
      \(blocks[1].replacing("rollcall run ", with: "rollcall run & wait; : "))
      """, to: "pasted/script")
    let input = try folder.write(directory.accountPassword + "\n", to: "pasted/input")
    let shell = try await ChildProcess.start(
      "/bin/bash", ["-c", "exec bash \(script) < \(input)"], name: "pasted", in: folder)
    func has(_ surname: String) async throws -> Bool {
      try await directory.search(base: directory.usersBase, filter: "(employeeNumber=1)", attributes: ["sn"])
        .contains("\nsn: \(surname)\n")
    }
    do {
      try await eventually(within: .seconds(120), "ada is there") { try await has("Lovelace") }
      try await postgres.psql("UPDATE users SET full_name = 'Ada King '", database: "hr")
      try await eventually(within: .seconds(60), "ada has her name") { try await has("King") }
    } catch {
      Issue.record("\(error): \(try shell.printed())")
    }
    let printed = try shell.printed()
    #expect(printed.contains("schema rollcall: installed") && !printed.contains("error:"), "\(printed)")
    _ = await shell.stop()
  }
}
