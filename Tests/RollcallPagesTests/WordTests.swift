import Testing

@testable import RollcallPages

@Suite struct WordTests {
  @Test(arguments: [
    (0, "0"), (7, "7"), (999, "999"), (1000, "1\u{202F}000"), (1_234_567, "1\u{202F}234\u{202F}567"),
    (-12_345, "\u{2212}12\u{202F}345"),
  ])
  func thinSpaces(number: Int, text: String) { #expect(number.grouped == text) }

  @Test func theLargestNumbers() {
    #expect(Int.max.grouped.filter(\.isNumber) == String(Int.max))
    #expect(Int.min.grouped.filter(\.isNumber) == String(Int.min.magnitude))
  }

  @Test(arguments: [
    (0, "0\u{A0}deletions"), (1, "1\u{A0}deletion"), (2, "2\u{A0}deletions"), (1204, "1\u{202F}204\u{A0}deletions"),
  ])
  func plurals(count: Int, text: String) { #expect(counted(count, "deletion") == text) }

  @Test func irregularPlurals() {
    #expect(counted(1, "person", "people") == "1\u{A0}person")
    #expect(counted(3, "person", "people") == "3\u{A0}people")
  }

  @Test(arguments: [
    (["delete"], "1 deletion"), (Array(repeating: "delete", count: 81), "81 deletions"),
    (["delete", "disable", "disable"], "1 deletion and 2 disablings"),
    (["delete", "takeover", "leave", "x"], "1 deletion, 1 leave, 1 takeover and 1 other action"), (["x"], "1 action"),
  ])
  func aButtonSaysItsNumber(actions: [String], text: String) {
    #expect(Shown.actions(actions).replacing("\u{A0}", with: " ") == text)
  }

  @Test(
    arguments: [
      (0, "0 ms"), (0.0004, "0.4 ms"), (0.0124, "12 ms"), (0.9996, "1 s"), (1.236, "1.24 s"), (42.4, "42 s"),
      (59.6, "1 min"), (126, "2.1 min"), (12_600, "3.5 h"), (86_400, "1 day"), (1e7, "116 days"), (.infinity, "?"),
      (.nan, "?"),
    ] as [(Double, String)])
  func exactSpans(seconds: Double, text: String) {
    #expect(Span.precise(seconds).replacing("\u{A0}", with: " ") == text)
  }

  @Test(
    arguments: [
      (0, "just now"), (-1, "just now"), (3, "3 s ago"), (59.6, "1 min ago"), (180, "3 min ago"), (7300, "2 h ago"),
      (86_000, "1 day ago"), (12 * 86_400, "12 days ago"), (-180, "in 3 min"), (-12 * 86_400, "in 12 days"),
    ] as [(Double, String)])
  func ages(age: Double, text: String) {
    let moment = Everywhere.now + -age
    #expect(moment.told(Everywhere.now).replacing("\u{A0}", with: " ") == text)
  }

  @Test func anAgeHasTheExactTime() throws {
    let moment = try #require(Moment("2026-11-27T09:05:03.250Z"))
    #expect(
      moment.markup(moment + 180).html == """
        <time datetime="2026-11-27T09:05:03Z" title="2026-11-27 09:05:03 UTC">3\u{A0}min ago</time>
        """)
  }

  @Test(arguments: [
    ("1970-01-01T00:00:00Z", 0), ("2000-02-29T12:00:00Z", 951_825_600), ("2026-11-27T09:00:00Z", 1_795_770_000),
    ("1969-12-31T23:59:59Z", -1), ("2100-03-01T00:00:00Z", 4_107_542_400), ("0001-01-01T00:00:00Z", -62_135_596_800),
  ])
  func momentsAreReadAndWritten(text: String, seconds: Double) throws {
    let moment = try #require(Moment(text))
    #expect(moment.seconds == seconds)
    #expect(moment.rfc3339 == text)
  }

  @Test func fractionsOfSeconds() throws {
    #expect(try #require(Moment("1970-01-01T00:00:01.5Z")).seconds == 1.5)
    #expect(abs(try #require(Moment("1970-01-01T00:00:00.123456Z")).seconds - 0.123456) < 1e-9)
  }

  @Test(arguments: [
    "", "x", "2026-11-27", "2026-13-27T09:00:00Z", "2026-11-27T25:00:00Z", "2026-11-27T09:00:00",
    "2026-11-27T09:00:00.Z",
    "2026-11-27T09:00:00+01", "infinity", "2026-11-27 09:00:00Z", "٢٠٢٦-11-27T09:00:00Z", "20264-11-27T09:00:00Z",
  ])
  func whatIsNoMoment(text: String) { #expect(Moment(text) == nil) }

  @Test func everyDayOfTwentyYears() {
    var day = Moment(seconds: 946_684_800)
    while day.seconds < 1_577_836_800 {
      #expect(Moment(day.rfc3339) == day)
      day = day + 86_400
    }
  }

  @Test(arguments: [
    ("17", "17"), ("O'Brien", #"'O'\''Brien'"#), ("a b", "'a b'"), ("$(id)", "'$(id)'"), ("-x", "'-x'"), ("", "''"),
    ("ä", "'ä'"),
  ])
  func aCommandTakesTheWord(text: String, word: String) { #expect(text.shellWord == word) }

  @Test func noCommandHasWhatIsNotSeen() { #expect("a\u{202E}b".shellWord == nil) }
}

@Suite struct StandingTests {
  private func standing(_ change: (inout DirectorySummary) -> Void) -> (Standing.Level, String) {
    var summary = DirectorySummary(name: "main", leader: "h:1", watermarkAge: 1, condition: .init("connected"))
    change(&summary)
    let standing = summary.standing
    return (standing.level, standing.words.replacing("\u{A0}", with: " "))
  }

  @Test func words() {
    #expect(standing { _ in } == (.well, "in step"))
    #expect(standing { $0.parked = 12 } == (.waiting, "12 parked"))
    #expect(standing { ($0.isBehind, $0.watermarkAge) = (true, 120) } == (.waiting, "behind by 2 min"))
    #expect(standing { $0.held = 3 } == (.trouble, "3 held"))
    #expect(
      standing { ($0.held, $0.isBehind, $0.watermarkAge) = (3, true, 120) } == (.trouble, "3 held, behind by 2 min"))
    #expect(standing { $0.leader = nil } == (.trouble, "nobody leads"))
    #expect(standing { ($0.leader, $0.condition) = (nil, nil) } == (.trouble, "never started"))
    #expect(standing { $0.condition = .init("paused", reason: "x") } == (.trouble, "directory unreachable"))
    #expect(
      standing { $0.condition = .init("paused", reason: "x", isOfDatabase: true) } == (.trouble, "database unreachable")
    )
    #expect(standing { $0.problems = [.init("capture", "no trigger")] } == (.trouble, "1 problem"))
    #expect(standing { $0.problems = [.init("twophase", "x", isAdvisory: true)] } == (.well, "in step"))
  }

  @Test func ofAllTogether() {
    func frame(_ held: [Int]) -> Frame {
      let directories = held.enumerated().map { index, held in
        DirectorySummary(name: "d\(index)", leader: "h", condition: .init("connected"), held: held)
      }
      return Frame(directories: directories, formToken: "", now: Everywhere.now, version: "")
    }
    #expect(frame([0, 0]).standing == Standing(level: .well, words: "all in step"))
    #expect(frame([0, 2, 0]).standing == Standing(level: .trouble, words: "1 of 3 needs you"))
    #expect(frame([1, 2, 0]).standing == Standing(level: .trouble, words: "2 of 3 need you"))
    #expect(frame([3]).standing.words == "3 held")
    #expect(frame([]).standing.words == "no directory")
    #expect(frame([0, 2, 0]).ranked.map(\.name) == ["d1", "d0", "d2"])
  }
}

extension StandingTests {
  @Test func aSentenceForEach() {
    var summary = DirectorySummary(name: "main", leader: "h:1", watermarkAge: 130, condition: .init("connected"))
    #expect(summary.sentence == "In step.")
    summary.parked = 1
    #expect(summary.sentence == "In step, except for 1\u{A0}person who is parked.")
    summary.isBehind = true
    summary.backlog = 1204
    #expect(summary.sentence == "Behind by 2\u{A0}min; 1\u{202F}204\u{A0}changes to go.")
    summary.held = 81
    #expect(summary.sentence == "81\u{A0}removals wait for your decision.")
    summary.takeovers = 1
    #expect(summary.sentence == "80\u{A0}removals and 1\u{A0}takeover wait for your decision.")
    (summary.held, summary.takeovers) = (1, 1)
    #expect(summary.sentence == "1\u{A0}takeover waits for your decision.")
    summary.leader = nil
    #expect(summary.sentence == "Nobody leads. Changes wait until a daemon is started.")
  }
}
