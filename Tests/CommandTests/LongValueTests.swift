import Sandbox
import Testing

/// What HR types is never longer in a log line, the ledger, a status or a plan's comments than a person can read.
@Suite(.serialized) struct LongValueTests {
  @Test func aUserNameOfFiveMegabytesIsCutEverywhere() async throws {
    let site = try await House.shared.site()
    try await site.install()
    try await site.hire(["ada"])
    try await site.sql(
      """
      INSERT INTO users VALUES (2, repeat('x', 5242880), 'x@example.com', 'Long Name', 'active'),
        (3, 'bob', 'b@example.com', 'Bob ' || repeat('y', 5242880), 'active')
      """)
    let synced = try await site.rollcall("sync", "--full", "--log-level", "trace")
    #expect(try await site.names().allSatisfy { $0.count < 10 })
    for line in synced.words.split(separator: "\n") { #expect(line.utf8.count < 5000) }
    #expect(synced.words.contains("characters)"))
    #expect(
      try await site.sql(
        "SELECT max(octet_length(message)) < 3000 AND max(octet_length(coalesce(blocks, ''))) < 3000 FROM rollcall.parked"
      )
        == "t")
    for arguments in [["status"], ["status", "--json"]] {
      let ran = try await Rollcall.run(arguments + ["--config", site.file], environment: site.environment)
      #expect(ran.words.utf8.count < 20_000)
      #expect(ran.words.contains("\"key\":\"2\"") || ran.words.contains("parked 2:"))
    }
    let plan = try await site.rollcall("plan", "2", "3")
    let comments = plan.output.split(separator: "\n").filter { $0.hasPrefix("#") }
    #expect(comments.allSatisfy { $0.utf8.count < 5000 })
  }

  /// Marks that turn the direction of writing, and those of no width, are seen.
  @Test func whatIsNotSeenIsEscaped() async throws {
    let site = try await House.shared.site()
    try await site.install()
    let hidden = ["\u{200B}", "\u{200F}", "\u{202E}", "\u{2066}", "\u{2069}", "\u{FEFF}", "\u{61C}", "\u{1B}[2J"]
    for (index, mark) in hidden.enumerated() {
      try await site.sql(
        "INSERT INTO users VALUES (\(index), $n$eve\(mark)\(index)$n$, 'x', $n$ $n$, 'active')")
    }
    let words =
      try await site.rollcall("sync", "--log-level", "trace").words
      + site.rollcall("status").words + site.rollcall("status", "--json").words
      + site.rollcall("plan").words.split(separator: "\n").filter { $0.hasPrefix("#") }.joined()
    #expect(words.contains("eve"))
    for mark in hidden { #expect(!words.unicodeScalars.contains(mark.unicodeScalars.first!)) }
  }
}
