internal import LDAP
internal import LDAPModel
internal import Logging
internal import Reactor
internal import RollcallAdministration
internal import RollcallEngine
internal import Sandbox

/// The demo's writes by HR, and their results.
struct DemoStory: Sendable {
  private static let updates = 100
  private let site: DemoSite

  init(_ site: DemoSite) { self.site = site }

  func tell() async throws {
    let site = self.site
    Output.standard.say("\nrollcall run\n  the daemon leads; now HR writes to the table.")
    try await site.startDaemon()
    try await site.untilReady()
    let witness = try await Reactor.run { try await Self.witness(site) }
    var times: [(String, Duration)] = []
    for scene in DemoScene.all {
      let took = try await Reactor.run { try await Self.play(scene, witness) }
      times.append((scene.title, took))
    }
    times.append((DemoScene.absence.title, try await playAbsence(witness)))
    let many = try await Reactor.run { try await Self.measure(witness) }
    try await Reactor.run {
      witness.close()
      let engine = try Engine(site.configuration, logger: GlobalOptions.logger(.text, .critical))
      defer { engine.close() }
      let report = PlanReport(try await Rehearsal(engine).run([]))
      guard report.isEmpty else { throw Complaint("the directory is not in step:\n\(PlanPage(report).ldif)") }
    }
    await site.stopDaemon()
    Self.summarize(times, many)
  }

  @Reactor
  private static func witness(_ site: DemoSite) async throws -> Witness {
    var options = LDAPOptions(url: site.directory.url)
    options.bind = .simple(
      dn: site.directory.adminDN, password: BindPassword(site.directory.adminPassword))
    return try await Witness(
      database: site.postgres.conninfo(database: "hr"), directory: options,
      base: DistinguishedName(unchecked: site.directory.usersBase))
  }

  @Reactor
  private static func play(_ scene: DemoScene, _ witness: Witness) async throws -> Duration {
    announce(scene)
    let start = try await witness.commit(scene.sql)
    let (entries, took) = try await witness.watch(scene.keys, since: start, until: scene.isDone)
    show(entries)
    Output.standard.say("  → \(number(took)) ms after the commit")
    return took
  }

  private func playAbsence(_ witness: Witness) async throws -> Duration {
    let scene = DemoScene.absence
    let ending = await site.stopDaemon()
    Self.announce(scene)
    Output.standard.say(
      "  (The daemon was stopped with SIGTERM: \(ending.map { "\($0)" } ?? "there was none").)\n")
    _ = try await Reactor.run { try await witness.commit(scene.sql) }
    let start = ContinuousClock.now
    try await site.startDaemon()
    let (entries, took) = try await Reactor.run {
      try await witness.watch(scene.keys, since: start, until: scene.isDone)
    }
    Self.show(entries)
    Output.standard.say("  → \(Self.number(took)) ms after the daemon's start")
    return took
  }

  /// The latencies of many single updates, one after the other, in ascending order.
  @Reactor
  private static func measure(_ witness: Witness) async throws -> [Duration] {
    Output.standard.say("\n\(updates) single updates, one after the other …")
    var times: [Duration] = []
    for number in 1...updates {
      let mail = "mira.\(number)@example.com"
      let start = try await witness.commit("UPDATE users SET email = '\(mail)' WHERE id = 17")
      times.append(
        try await witness.watch(["17"], since: start) { $0.first?["mail"].first?.text == mail }.took)
    }
    return times.sorted()
  }

  // MARK: Showing

  private static func announce(_ scene: DemoScene) {
    let title = scene.title.prefix(1).uppercased() + scene.title.dropFirst()
    Output.standard.say("\n\(title)\n\n" + indented(scene.sql) + "\n")
  }

  private static func show(_ entries: [Entry]) {
    let text =
      entries.isEmpty ? "(no entry)\n" : entries.map { LDIF.entry($0) }.joined().dropLast().description
    Output.standard.say(indented(text))
  }

  private static func indented(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { $0.isEmpty ? "" : "  \($0)" }
      .joined(separator: "\n")
  }

  private static func summarize(_ times: [(String, Duration)], _ many: [Duration]) {
    Output.standard.say("\nMilliseconds until the directory had it")
    for (title, took) in times { Output.standard.say("  \(title.padded(50))\(number(took))") }
    let (middle, late) = (many[many.count / 2], many[many.count * 95 / 100])
    let spread = "p50 \(number(middle)), p95 \(number(late)), longest \(number(many[many.count - 1]))"
    Output.standard.say("  \("\(many.count) single updates (goal: p50 under 5)".padded(50))\(spread)")
    Output.standard.say("\n`rollcall plan` finds nothing left to do.")
  }

  /// Milliseconds with one decimal.
  private static func number(_ duration: Duration) -> String {
    let tenths = Int((duration / .milliseconds(1) * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }
}
