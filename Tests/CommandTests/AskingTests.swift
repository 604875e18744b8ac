import Sandbox
import Testing

/// What commands ask of the daemon that leads, by the ledger.
@Suite(.serialized) struct AskingTests {
  private static let ring = "NOTIFY rollcall, '{\"request\":\"x\"}'"

  @Test func whatTheDaemonDoesNotKnowIsRefused() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.withDaemon { _ in
      try await site.sql(
        "INSERT INTO rollcall.request (directory, kind, argument) VALUES ('\(site.name)', 'sing', '{\"key\": \"17\"}'); \(Self.ring)"
      )
      try await soon("it is refused") {
        try await site.sql("SELECT message FROM rollcall.request WHERE kind = 'sing' AND done IS NOT NULL")
          .contains(#"it does not know the request "sing""#)
      }
      // What it was about names people.
      #expect(try await site.sql("SELECT count(*) FROM rollcall.request WHERE argument IS NOT NULL") == "0")
    }
  }

  @Test func answersThatNobodyReadsAreDropped() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.withDaemon { _ in
      try await site.sql(
        "INSERT INTO rollcall.answer VALUES (1000001, now() - interval '61 seconds', '{}'), (1000002, now() + interval '1 hour', '{}'); \(Self.ring)"
      )
      try await soon("the old one is dropped") {
        try await site.sql("SELECT string_agg(request::text, ' ') FROM rollcall.answer") == "1000002"
      }
    }
  }

  @Test func nobodyNeedsTheDirectorysPasswordWhereADaemonLeads() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.hire(["ada"])
    try await site.withDaemon { _ in
      try await soon("ada is there") { try await site.names() == ["ada"] }
      var shell = site
      shell.environment["LDAP_PASSWORD"] = nil
      #expect(try await shell.succeed("sync").output == "done by the daemon that leads, 0 parked, 0 held\n")
      #expect(try await shell.succeed("sync", "--full").output == "done by the daemon that leads, 0 parked, 0 held\n")
      let explained = try await shell.succeed("explain", "1")
      #expect(explained.output.hasPrefix("key 1: in step: its entry is uid=ada,\(site.base)\n"))
      #expect(try await shell.succeed("explain", "--dn", "uid=ada,\(site.base)").output == explained.output)
      // Nothing stays behind.
      #expect(try await site.sql("SELECT count(*) FROM rollcall.answer") == "0")
      #expect(
        try await site.sql("SELECT count(*) FROM rollcall.request WHERE done IS NULL OR argument IS NOT NULL") == "0")
    }
    var shell = site
    shell.environment["LDAP_PASSWORD"] = nil
    let ran = try await shell.rollcall("sync")
    #expect(ran.code == 1 && ran.errors.contains("LDAP_PASSWORD"))
  }

  @Test func thePlanIsTheDaemons() async throws {
    var settings = SiteSettings()
    settings.users += "\n  password: \"'Tiger-' || id\""
    let site = try await House.shared.site(settings)
    try await site.install()
    try await site.hire(["ada", "bo"])
    try await site.withDaemon { _ in
      try await soon("they are there") { try await site.names() == ["ada", "bo"] }
      for name in ["ada", "bo"] {
        try await site.directory.modify(
          "dn: uid=\(name),\(site.base)\nchangetype: modify\nreplace: mail\nmail: wrong@example.com\n")
      }
      let here = try await site.rollcall("plan")
      var shell = site
      shell.environment["LDAP_PASSWORD"] = nil
      for arguments in [["plan"], ["plan", "--json"], ["plan", "2"]] {
        let ran = try await Rollcall.run(arguments + ["--config", shell.file], environment: shell.environment)
        #expect(ran.code == 2 && ran.output.contains("uid=bo,\(site.base)"), "\(ran.words)")
        #expect(ran.output.contains("uid=ada,") == (arguments.last != "2"))
      }
      let asked = try await shell.rollcall("plan")
      #expect(asked.output == here.output && asked.errors == here.errors)
      try LDIFCheck.expectRecords(2, in: asked.output)
      let unknown = try await shell.rollcall("plan", "9")
      #expect(unknown.code == 1 && unknown.errors.hasPrefix("key 9: unknown: no row has this key"))
      // A mapping that is being tried out is planned with here, which takes the password.
      let edited = try shell.with("mail: email", "mail: \"'new-' || email\"")
      let refused = try await edited.rollcall("plan")
      #expect(refused.code == 1 && refused.errors.contains("LDAP_PASSWORD"))
      try await site.succeed("sync", "1", "2")
      #expect(try await shell.succeed("plan").errors == "0 operations for 0 keys, 0 held, 0 parked\n")
    }
  }

  @Test func aDaemonWithAnotherConfigurationIsNotAsked() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.hire(["ada"])
    try await site.withDaemon { _ in
      try await soon("ada is there") { try await site.names() == ["ada"] }
      let edited = try site.with("mail: email", "mail: \"'new-' || email\"")
      let ran = try await edited.rollcall("explain", "1")
      #expect(ran.code == 2 && ran.output.contains("mail: new-ada@example.com"))
    }
  }
}
