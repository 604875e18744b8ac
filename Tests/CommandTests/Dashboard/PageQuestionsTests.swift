import Sandbox
import Testing

/// What the daemon answers to a role that may write nothing.
@Suite(.serialized) struct PageQuestionsTests {
  @Test func aPersonIsExplainedWithBothSidesAndWithoutPasswords() async throws {
    var settings = SiteSettings()
    settings.users += "\n  password: \"'Tiger-' || id\"\n  create_only: { description: \"'Secret-' || id\" }"
    settings.more = "journal: { hide: [mail] }"
    let site = try await House.shared.site(settings)
    try await site.install()
    let viewer = try await site.viewer()
    try await site.hire(["ada"])
    try await site.withDaemon { _ in
      try await soon("ada is there") { try await site.names() == ["ada"] }
      let answer = try await site.heard("ask('\(site.name)', 'person', '{1}')", as: viewer)
      #expect(answer.contains(#""verdict":"in_step""#) && answer.contains("uid=ada,\(site.base)"))
      #expect(answer.contains("Full ada"))
      for secret in ["Tiger-", "Secret-", "ada@example.com"] { #expect(!answer.contains(secret), "\(secret)") }
      // A page's question names no configuration, and none is asked for.
      let unknown = try await site.heard("ask('\(site.name)', 'person', '{99}')", as: viewer)
      #expect(unknown.contains("no row has the key 99"))
      #expect(try await site.sql("SELECT count(*) FROM rollcall.answer") == "0")
      #expect(try await site.sql("SELECT count(*) FROM rollcall.request WHERE asker IS NOT NULL") == "0")
    }
  }

  @Test func actionsAreTheDaemonsAndInTheJournalWithWhoWantedThem() async throws {
    let site = try await House.shared.site()
    try await site.install()
    let viewer = try await site.viewer(acting: true)
    try await site.hire(["ada", "bo"])
    try await site.withDaemon { _ in
      try await soon("they are there") { try await site.names() == ["ada", "bo"] }
      func act(_ action: String, _ arguments: String) async throws -> String {
        try await site.heard("act('\(site.name)', '\(action)', \(arguments))", as: viewer)
      }
      #expect(try await act("pin", "'{1}', 'me', 'on leave', until => '2d'").contains(#""keys":["1"]"#))
      #expect(
        try await site.sql("SELECT key, because, actor, until > now() + interval '47 hours' FROM rollcall.pinned")
          == "1|on leave|me (\(viewer))|t")
      #expect(try await act("pin", "'{1}', 'me', 'x', until => 'never'").contains("not a time"))
      #expect(try await act("unpin", "'{1,2}', 'me', 'back'").contains(#""unknown":["2"]"#))
      #expect(try await site.sql("SELECT count(*) FROM rollcall.pinned") == "0")
      #expect(
        try await site.sql(
          "SELECT action, key, actor, because FROM rollcall.journal WHERE actor IS NOT NULL ORDER BY id")
          == "pin|1|me (\(viewer))|on leave\nunpin|1|me (\(viewer))|back")

      // An entry that somebody has changed is put right.
      try await site.directory.modify(
        "dn: uid=ada,\(site.base)\nchangetype: modify\nreplace: mail\nmail: wrong@example.com\n")
      #expect(try await act("sync", "'{1}', 'me', NULL").contains(#""keys":["1"]"#))
      try await soon("it is put right") { try await site.values("mail", of: "1") == ["ada@example.com"] }

      #expect(try await act("release", "'{1}', 'me', 'why'").contains(#""unknown":["1"]"#))
      #expect(try await act("release", "'{}', 'me', 'why', held_set => 'ffff'").contains("no longer held"))
      #expect(try await act("release", "'{}', 'me', 'why'").contains(#""keys":[]"#))
      #expect(try await act("retry", "'{}', 'me', NULL").contains(#""keys":[]"#))
      #expect(try await act("retry", "'{}', 'me', NULL, parked_reason => 'schema'").contains(#""keys":[]"#))
    }
  }
}
