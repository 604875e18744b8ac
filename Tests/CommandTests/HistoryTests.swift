import Sandbox
import Testing

/// The journal as people and programs read it. Rows are inserted here; ``JournalOfDaemonTests`` has the daemon's.
@Suite(.serialized) struct HistoryTests {
  private func site() async throws -> Site {
    let site = try await House.shared.site()
    try await site.install()
    return site
  }

  private func ids(_ site: Site, _ arguments: String...) async throws -> [Int] {
    let ran = try await Rollcall.run(
      ["history", "--json", "--config", site.file] + arguments, environment: site.environment)
    #expect(ran.code == 0, "\(ran.words)")
    return try HistoryLine.parse(ran.output).map(\.id)
  }

  @Test("a line has the fields of the contract, in their order, and null where there is nothing")
  func json() async throws {
    let site = try await site()
    let id = try await site.journal(
      "update",
      [
        "key": "'17'", "dn": "'uid=ada,ou=users'", "cause": "'notification'", "xid": "'741'",
        "at": "'2026-11-27 02:10:04.512+00'", "changed_at": "'2026-11-27 02:10:04.5088+00'",
        "changes": #"'{"mail":{"removed":["a"],"added":["b"]},"jpegPhoto":{"added":[{"sha256":"00ff","size":3}]}}'"#,
      ])
    #expect(
      try await site.succeed("history", "--json").output == """
        {"id":\(id),"at":"2026-11-27T02:10:04.512Z","key":"17","dn":"uid=ada,ou=users","new_dn":null,"action":"update",\
        "outcome":"done","intent":null,"cause":"notification","xid":"741","lag_ms":3.2,\
        "changes":{"jpegPhoto":{"removed":[],"added":[{"sha256":"00ff","size":3}]},"mail":{"removed":["a"],"added":["b"]}},\
        "code":null,"message":null,"actor":null,"because":null}

        """)
    let pin = try await site.journal("pin", ["key": "'17'", "actor": "'ada@host'", "because": "'leave'"])
    let line = try #require(try HistoryLine.parse(try await site.succeed("history", "--json").output).first)
    #expect(line.id == pin)
    #expect(line.lagMs == nil && line.changes == nil && line.cause == nil)
    #expect(line.actor == "ada@host" && line.because == "leave")
  }

  @Test("a short name is found as a whole value, however it is spelled, and in a name of several parts")
  func shortNames() async throws {
    let site = try await site()
    let base = "ou=users,dc=example,dc=com"
    let plain = try await site.journal("create", ["key": "'1'", "dn": "'uid=a_b,\(base)'"])
    for (key, name) in [(2, "uid=axb"), (3, "uid=a_bc"), (4, "uid=ca_b"), (5, "cn=a_b")] {
      try await site.journal("create", ["key": "'\(key)'", "dn": "'\(name),\(base)'"])
    }
    let spelled = try await site.journal("update", ["key": "'1'", "dn": "'UID = A_B , \(base)'"])
    let escaped = try await site.journal("update", ["key": "'1'", "dn": #"'uid=a\5fb,\#(base)'"#])
    let parts = try await site.journal("create", ["key": "'6'", "dn": "'cn=c + uid=A_B,\(base)'"])
    #expect(try await ids(site, "--dn", "uid=A_b,\(base)") == [escaped, spelled, plain])
    #expect(try await ids(site, "--dn", "uid=a_b+cn=C,\(base)") == [parts])
    #expect(try await ids(site, "--dn", "uid=a,\(base)").isEmpty)
  }

  @Test("by key, name, transaction, time and action")
  func filters() async throws {
    let site = try await site()
    let base = "ou=users,dc=example,dc=com"
    let made = try await site.journal("create", ["key": "'17'", "dn": "'uid=ada,\(base)'", "xid": "'700'"])
    let renamed = try await site.journal(
      "rename", ["key": "'17'", "dn": "'uid=ada,\(base)'", "new_dn": "'uid=ada king,\(base)'", "xid": "'741'"])
    let late = try await site.journal(
      "update", ["key": "'18'", "dn": "'uid=grace,\(base)'", "xid": "'742'", "others": "'{700,741}'"])
    let old = try await site.journal(
      "delete", ["key": "'19'", "dn": #"'uid=b\2Cob,\#(base)'"#, "at": "now() - interval '3 hours'"])
    let held = try await site.journal("hold", ["key": "'19'"])
    #expect(try await ids(site) == [held, old, late, renamed, made])
    #expect(try await ids(site, "17") == [renamed, made])
    #expect(try await ids(site, "99").isEmpty)
    #expect(try await ids(site, "--dn", "UID = Ada,OU=Users,dc=example, dc=com") == [renamed, made])
    #expect(try await ids(site, "--dn", "uid=ADA  King,\(base)") == [renamed])
    #expect(try await ids(site, "--dn", #"uid=B\,ob,\#(base)"#) == [old])
    #expect(try await ids(site, "--xid", "741") == [late, renamed])
    #expect(try await ids(site, "--since", "2h") == [held, late, renamed, made])
    #expect(try await ids(site, "--since", "2000-01-01T00:00:00Z").count == 5)
    #expect(try await ids(site, "--since", "2999-01-01").isEmpty)
    #expect(try await ids(site, "--action", "delete,hold") == [held, old])
    #expect(try await ids(site, "--action", "delete", "17").isEmpty)
    #expect(try await ids(site, "--limit", "2") == [held, old])
    // Another directory's are not shown.
    try await site.sql("UPDATE rollcall.journal SET directory = 'other' WHERE id = \(held)")
    #expect(try await ids(site, "--limit", "0") == [old, late, renamed, made])
  }

  @Test(arguments: [
    ["--since", "yesterday"], ["--action", "frob"], ["--json", "--ldif"], ["--limit", "-1"], ["--xid", "x"],
    ["1", "2"],
    ["--erase", "17"], ["--because", "x"], ["--erase", "17", "--because", " "],
    ["17", "--erase", "17", "--because", "x"],
  ])
  func wrongCalls(_ arguments: [String]) async throws {
    let ran = try await Rollcall.run(["history", "--config", "/nowhere"] + arguments)
    #expect(ran.code == 64, "\(ran.words)")
  }

  @Test func aTimeAndANameThatAreNone() async throws {
    let site = try await site()
    let time = try await site.rollcall("history", "--since", "2026-13-99")
    #expect(time.code == 1)
    #expect(time.errors.contains("\"2026-13-99\" is not a time"))
    let name = try await site.rollcall("history", "--dn", "nobody")
    #expect(name.code == 1)
    #expect(name.errors.contains("is not a distinguished name"))
  }

  @Test("people see the last hundred rows, and are told of the others; programs get all, in pages")
  func manyRows() async throws {
    let site = try await site()
    try await site.sql(
      """
      INSERT INTO rollcall.journal (directory, key, action, outcome, dn)
      SELECT '\(site.name)', i::text, 'update', 'done', 'uid=u' || i FROM generate_series(1, 750) AS i
      """)
    let ran = try await site.succeed("history")
    #expect(ran.output.split(separator: "\n").count == 100)
    #expect(ran.errors == "rollcall: these are the newest 100 rows; --limit 0 shows all\n")
    let lines = try HistoryLine.parse(try await site.succeed("history", "--json").output)
    #expect(lines.map(\.key) == (1...750).reversed().map { "\($0)" })
    #expect(try await site.succeed("history", "--limit", "0").output.split(separator: "\n").count == 750)
    #expect(try await site.succeed("history", "--limit", "750").errors.isEmpty)
  }

  @Test("a row as people read it")
  func text() async throws {
    let site = try await site()
    let columns = ["key": "'17'", "dn": "'uid=ada'", "at": "'2026-11-27 02:10:04.512+00'"]
    let (a, b, c) = try await (
      site.journal(
        "update",
        columns.merging([
          "cause": "'notification'", "xid": "'741'", "changed_at": "'2026-11-27 02:10:04.5+00'",
          "changes":
            #"'{"mail":{"removed":["a"],"added":["b","c d"]},"title":{"added":["x, y"]},"photo":{"removed":[{"hidden":true}]}}'"#,
        ]) { $1 }),
      site.journal("rename", columns.merging(["new_dn": "'uid=countess'"]) { $1 }),
      site.journal("delete", columns.merging(["outcome": "'refused'", "code": "50", "message": "'no access'"]) { $1 })
    )
    let ran = try await site.succeed("history")
    let w = max(2, "\(c)".count)
    func pad(_ id: Int) -> String { "\(id)" + String(repeating: " ", count: w - "\(id)".count) }
    #expect(
      ran.output == """
        2026-11-27T02:10:04.512Z  \(pad(c))  17   delete, refused  uid=ada
            code 50: no access
        2026-11-27T02:10:04.512Z  \(pad(b))  17   rename           uid=ada → uid=countess
        2026-11-27T02:10:04.512Z  \(pad(a))  17   update           uid=ada
            mail: a → b, c d
            photo: (hidden) removed
            title: "x, y" added
            notification, transaction 741, 12.0 ms after the change

        """)
  }

  @Test("what comes from HR, or from a server, can neither move the cursor nor turn the text")
  func hostileValues() async throws {
    let site = try await site()
    let evil = #"\u001b[2J\u202e\u0007\r\n\u0000key 1: released"#
    try await site.journal(
      "update",
      [
        "key": "E'1\\x1b[31m\\n2'", "dn": "U&'uid=\\202eada\\001b[2J'", "new_dn": "U&'uid=\\2066'",
        "message": "U&'\\001b]0;owned\\0007'", "actor": "U&'\\202ex'", "because": "E'a\\nb'", "cause": "E'x\\ty'",
        "changes": #"'{"mail\u001b":{"removed":["\#(evil)"],"added":["‮abc"]}}'"#,
      ])
    for arguments in [["history"], ["history", "--json"], ["history", "--ldif"]] {
      let ran = try await Rollcall.run(arguments + ["--config", site.file], environment: site.environment)
      #expect(ran.code == 0, "\(ran.words)")
      let bad = ran.output.unicodeScalars.filter {
        $0 != "\n" && ($0.value < 0x20 || $0.properties.generalCategory == .format || $0.value == 0x7F)
      }
      #expect(bad.isEmpty, "\(arguments): \(bad.map { $0.value })")
      #expect(!ran.output.contains("\nkey 1"))
    }
    let line = try #require(try HistoryLine.parse(try await site.succeed("history", "--json").output).first)
    #expect(line.changes?["mail\u{1B}"]?.removed == ["\u{1B}[2J\u{202E}\u{7}\r\n\u{0}key 1: released"])
  }

  @Test("colour on a terminal, unless NO_COLOR says otherwise")
  func colour() async throws {
    let site = try await site()
    try await site.journal("delete", ["key": "'17'", "dn": "'uid=ada'"])
    func onTerminal(_ setting: String) async throws -> String {
      let passwords = site.environment.map { "\($0)='\($1)'" }.joined(separator: " ")
      let command = "env \(passwords) TERM=xterm \(setting) \(Rollcall.program) history --config \(site.file)"
      return try await Rollcall.shell("script -qec \"\(command)\" /dev/null").output
    }
    #expect(try await onTerminal("A=1").contains("\u{1B}[31mdelete"))
    #expect(try await !onTerminal("NO_COLOR=1").contains("\u{1B}"))
    #expect(try await !onTerminal("TERM=dumb").contains("\u{1B}"))
    #expect(try await !site.succeed("history").output.contains("\u{1B}"))
  }

  @Test("what was written can be written again: the LDIF makes the same entries of the same beginning")
  func ldif() async throws {
    let site = try await site()
    let b = site.base
    func add(_ uid: String, _ more: String) async throws {
      try await site.directory.modify(
        "dn: uid=\(uid),\(b)\nchangetype: add\nobjectClass: inetOrgPerson\nuid: \(uid)\ncn: \(uid)\nsn: \(uid)\n\(more)"
      )
    }
    try await add("ada", "mail: a@example.com\ntitle: old\n")
    try await add("gone", "mail: gone@example.com\n")
    let odd = "Löwe: < ‮ö\n "
    try await site.journal("create", ["key": "'16'", "dn": "'uid=new,\(b)'"])
    try await site.journal(
      "update",
      [
        "key": "'17'", "dn": "'uid=ada,\(b)'", "xid": "'741'", "cause": "'notification'",
        "changes":
          #"'{"mail":{"removed":["a@example.com"],"added":["b@example.com"]},"title":{"removed":["old"]},"description":{"added":["Löwe: < ‮ö\n "]},"jpegPhoto":{"added":[{"sha256":"00","size":9}]}}'"#,
      ])
    try await site.journal("rename", ["key": "'17'", "dn": "'uid=ada,\(b)'", "new_dn": "'uid=countess,\(b)'"])
    try await site.journal(
      "update",
      ["key": "'17'", "outcome": "'refused'", "dn": "'uid=countess,\(b)'", "changes": #"'{"mail":{"added":["x"]}}'"#])
    let intent = try await site.journal(
      "delete",
      ["key": "'18'", "outcome": "'intended'", "dn": "'uid=gone,\(b)'", "changes": #"'{"uid":{"removed":["gone"]}}'"#])
    try await site.journal("delete", ["key": "'18'", "dn": "'uid=gone,\(b)'", "intent": "\(intent)"])
    try await site.journal("park", ["key": "'19'", "message": "'x'"])
    let ran = try await site.succeed("history", "--ldif")
    #expect(ran.output.hasPrefix("version: 1\n\n# 20"))
    #expect(
      ran.output.contains("transaction 741, notification]\n# jpegPhoto: not all values are kept as they were\ndn: "))
    #expect(
      ran.output.contains("# uid=new,\(b) was created; the values of a new entry are not kept, the row has them\n"))
    #expect(ran.output.matches(of: #/changetype: delete/#).count == 1)
    try await site.directory.modify(ran.output)
    let found = try await site.directory.search(base: b, filter: "(objectClass=inetOrgPerson)", attributes: ["*"])
    #expect(found.contains("dn: uid=countess,\(b)"))
    #expect(found.contains("uid: countess\n"))
    #expect(!found.contains("uid: ada\n"))
    #expect(found.contains("mail: b@example.com"))
    #expect(!found.contains("title:"))
    #expect(!found.contains("gone"))
    #expect(
      try await site.directory.search(base: b, filter: "(description=Löwe: < ‮ö\\0a\\20)", attributes: ["uid"])
        .contains("countess"),
      "\(odd)")
  }

  @Test("--follow prints what is there, then what comes, also of a transaction that began before others")
  func follow() async throws {
    let site = try await site()
    let first = try await site.journal("create", ["key": "'1'"])
    let tail = try await ChildProcess.start(
      Rollcall.program, ["history", "--follow", "--json", "--config", site.file], name: "\(site.name).tail",
      in: site.folder,
      environment: site.environment)
    func seen() throws -> [String?] { try HistoryLine.parse(tail.printed()).map(\.key) }
    try await soon("the first row", { try seen() }, is: { $0 == ["1"] })
    let late = try await site.lateTransaction()
    try await site.journal("update", ["key": "'2'"])
    try await soon("the second row", { try seen() }, is: { $0 == ["1", "2"] })
    try await site.journal("update", ["key": "'go'"])
    _ = try await late.value
    try await soon("the late row", { Set(try seen().compactMap(\.self)) }, is: { $0 == ["1", "2", "go", "late"] })
    #expect(try seen().count == 4 && first > 0)
    await tail.stop()
  }
}
