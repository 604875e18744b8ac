import Sandbox
import Testing

@Suite struct TopTests {
  @Test("a page a second on a terminal, which is left as it was; a line a second elsewhere")
  func pages() async throws {
    let site = try await House.shared.site()
    let early = try await site.rollcall("top")
    #expect(early.code == 69 && early.output.isEmpty)
    try await site.install()
    try await site.withDaemon { _ in
      try await site.hire(["ada"])
      try await soon("her entry is counted") {
        try await site.sql("SELECT coalesce(sum(writes), 0) FROM rollcall.minute") == "1"
      }
      let passwords = site.environment.map { "\($0)='\($1)'" }.joined(separator: " ")
      func interrupted(_ terminal: String, _ standard: String) async throws -> String {
        let line =
          "timeout -s INT 2.5 env \(passwords) TERM=\(terminal) \(Rollcall.program) top --config \(site.file)\(standard)"
        // Its end by the signal counts as its own, with the code of timeout or its own.
        return try await Rollcall.shell("script -qec \"\(line)\" /dev/null").output
      }
      async let screen = interrupted("xterm", "")
      async let dumb = interrupted("dumb", "")
      async let piped = interrupted("xterm", " | cat")
      let shown = try await screen
      #expect(shown.hasPrefix("\u{1B}[?1049h\u{1B}[?25l"))
      #expect(shown.contains("\u{1B}[?25h\u{1B}[?1049l"), "the cursor and the other screen are back")
      #expect(shown.contains("rollcall top   \(site.name)") && shown.contains("in step   leader: "))
      #expect(shown.contains(#/\d\d:\d\d:\d\d  create +1 +\d+ ms +uid=ada,/#))
      #expect(shown.matches(of: #/\u{1B}\[H/#).count > 1, "it is drawn again")
      for lines in try await [dumb, piped] {
        #expect(!lines.contains("\u{1B}"))
        let count = lines.matches(
          of: #/ in step, led, [0-9.]+ writes a second, lag p50 \d+ ms, p99 \d+ ms, queue 0, parked 0, held 0/#
        ).count
        #expect(count > 1, "\(lines)")
      }
    }
    let down = try await Rollcall.shell(
      "timeout -s INT 1.5 env \(site.environment.map { "\($0)='\($1)'" }.joined(separator: " ")) \(Rollcall.program) top --config \(site.file)"
    )
    #expect(down.output.contains("nobody leads"))
  }
}
