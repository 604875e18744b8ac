internal import ArgumentParser
internal import Logging
internal import PlainText
internal import RollcallAdministration
internal import RollcallCore
internal import RollcallEngine

struct Sync: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Brings the directory in step once and ends; for cron, or after a repair.",
    discussion: """
      Applies what has changed since the last time, or compares the whole table with --full. With keys it looks at \
      these people now, whether their rows have changed or not, and prints the result for each.

      If a daemon leads the directory, sync asks the daemon and waits for the result; it needs no password of the \
      directory then. If none does, it first catches up with the change log.

      With --log-level warning it prints nothing if the directory is in step at the end.

      Examples:
        rollcall sync 17
        17 3 * * *  rollcall sync --full --log-level warning    (corrects drift at night)

      Exit codes: 0 if the directory is in step, 1 if a key is parked, a removal is held, or it failed. With keys only \
      theirs count.
      """)

  @OptionGroup var options: GlobalOptions

  @Flag(help: "Compare the whole table with the whole directory.")
  var full = false

  @Argument(help: "Keys to look at now.")
  var keys: [String] = []

  func validate() throws {
    if full, !keys.isEmpty { throw ValidationError("--full compares everybody; do not name keys with it.") }
  }

  private var work: OneShot.Work {
    if full { return .full }
    var seen: Set<String> = []
    let named = keys.filter { seen.insert($0).inserted }
    return named.isEmpty ? .look : .keys(named.map { RosterKey($0) })
  }

  func run() async throws {
    let work = self.work
    // For cron, which mails any output.
    let isQuiet = options.level >= .warning
    let (options, full) = (self.options, self.full)
    try await options.perform(needsDirectory: false) { setting in
      setting.warn()
      let asking = try Engine(setting.configuration, logger: setting.logger)
      defer { asking.close() }
      let spinner = full ? ProgressBar.ofLeader(setting.configuration, options, setting.environment) : nil
      defer { spinner?.end() }
      var outcome = try await OneShot(asking).askLeader(work)
      spinner?.end()
      if outcome == nil {
        let engine = try Engine(try setting.whole(), logger: setting.logger)
        defer { engine.close() }
        let bar = full ? ProgressBar.of(engine, options, setting.environment) : nil
        defer { bar?.end() }
        outcome = try await OneShot(engine).run(work)
      }
      guard let outcome else { return 1 }
      let page = SyncPage(outcome, of: work)
      if !(isQuiet && page.isInStep) { try Output.standard.write(page.text) }
      return page.isInStep ? 0 : 1
    }
  }
}

/// Formats the result of a sync.
struct SyncPage {
  let text: String
  let isInStep: Bool

  init(_ outcome: OneShot.Outcome, of work: OneShot.Work) {
    if case .keys = work {
      isInStep = !outcome.keys.contains { $0.isOpen }
      text = outcome.keys.map { "\(Self.line($0).printable)\n" }.joined()
    } else {
      isInStep = outcome.parked == 0 && outcome.held == 0
      let done = outcome.applied.map { counted($0, "operation") } ?? "done by the daemon that leads"
      text = "\(done), \(outcome.parked) parked, \(outcome.held) held\n"
    }
  }

  private static func line(_ outcome: KeyOutcome) -> String {
    let key = outcome.key.shown
    var parts: [String] = []
    if !outcome.written.isEmpty { parts.append(outcome.written.joined(separator: ", ")) }
    if let parked = outcome.parked { parts.append("parked: \(parked)") }
    if let because = outcome.pinned { parts.append("pinned: \(because); rollcall unpin \(key) ends that") }
    if !outcome.held.isEmpty {
      parts.append("held: \(outcome.held.joined(separator: ", ")); rollcall release \(key) approves it")
    }
    return "key \(key): " + (parts.isEmpty ? "nothing to do" : parts.joined(separator: "; "))
  }
}
