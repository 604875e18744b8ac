import Sandbox
import Testing

@Suite(.serialized) struct ProgressTests {
  private func onTerminal(_ site: Site, _ command: String, _ setting: String = "TERM=xterm") async throws -> String {
    let passwords = site.environment.map { "\($0)='\($1)'" }.joined(separator: " ")
    let line = "env \(passwords) \(setting) \(Rollcall.program) \(command) --config \(site.file)"
    return try await Rollcall.shell("script -qec \"\(line)\" /dev/null").output
  }

  /// What is left on a terminal that takes a line away at each "carriage return, erase".
  private func left(_ text: String) -> [Substring] {
    // A terminal ends a line with "\r\n", which Swift takes for one character.
    text.split { $0.isNewline && $0 != "\r" }
      .map { $0.split(separator: "\r\u{1B}[K", omittingEmptySubsequences: false).last ?? "" }.filter { !$0.isEmpty }
  }

  @Test("on a terminal the commands for everybody say how far they are, in a line that is gone at the end")
  func aLine() async throws {
    // Each look at 256 people takes most of a second, in which the line is drawn several times.
    let site = try await House.shared.site().with(
      "mail: email", "mail: (SELECT roster.email FROM pg_sleep(0.003 + 0 * roster.id))")
    let installing = try await onTerminal(site, "install --connection '\(site.owner)'")
    #expect(installing.contains("\r\u{1B}[Kinstalling the schema: 0 s\r\u{1B}[K"))
    #expect(left(installing).allSatisfy { $0.contains(": ") && !$0.contains("installing the schema: 0 s") })
    try await site.sql(
      """
      INSERT INTO users SELECT n, 'u' || n, 'u' || n || '@example.com', 'Full ' || n, 'active'
      FROM generate_series(1, 600) AS n; ANALYZE users
      """)
    let planning = try await onTerminal(site, "plan")
    #expect(planning.contains("\r\u{1B}[Kplanning: 600 of 600, "))
    #expect(planning.contains(#/planning: [0-9]+ of 600, [0-9.]+ a second, about [0-9]+ s left/#))
    #expect(left(planning).last == "600 operations for 600 keys, 0 held, 0 parked")
    #expect(!left(planning).contains { $0.hasPrefix("planning") || $0.contains("\u{1B}") })

    let syncing = try await onTerminal(site, "sync --full")
    #expect(syncing.contains("\r\u{1B}[Kwriting: 600, "))
    #expect(left(syncing).last == "600 operations, 0 parked, 0 held")
    // Lines of the log stand by themselves.
    #expect(left(syncing).dropLast().allSatisfy { $0.hasPrefix("20") })
    #expect(left(syncing).contains { $0.contains("compared everybody") })

    #expect(try await onTerminal(site, "sync --full").firstMatch(of: #/comparing: [0-9]+ of about 600/#) != nil)
    try await site.withDaemon { _ in
      let asking = try await onTerminal(site, "sync --full")
      #expect(asking.contains("\r\u{1B}[Kwaiting for the daemon: "))
    }
  }

  @Test(
    "no line where standard error is no terminal, or is for a program, or another level of the log is asked for",
    arguments: ["--log-format json", "--log-level warning", "--log-level debug", ""])
  func none(_ option: String) async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.hire(["ada"])
    let setting = option.isEmpty ? "TERM=dumb" : "TERM=xterm"
    for command in ["plan", "sync --full"] {
      let text = try await onTerminal(site, "\(command) \(option)", setting)
      #expect(!text.contains("\u{1B}"), "\(command) \(option)")
    }
    let ran = try await site.succeed("sync", "--full")
    #expect(!ran.words.contains("\u{1B}") && !ran.words.contains("comparing:"))
  }
}
