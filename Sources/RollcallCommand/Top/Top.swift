internal import ArgumentParser
internal import Glibc
internal import Reactor
internal import RollcallAdministration
internal import RollcallConfiguration
internal import RollcallEngine
internal import RollcallLedger

struct Top: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows lag, rate, queue and the last writes, once a second.",
    discussion: """
      Reads the database alone, so it works while the daemon or the directory is down. It fills the terminal until Ctrl-C, \
      and leaves it as it was. Where standard output is no terminal, it prints a line a second.

      Example:
        rollcall top --config /etc/rollcall/main.yaml

      Exit codes: 0 after Ctrl-C, 69 if the database cannot be read at the start.
      """)

  @OptionGroup var options: GlobalOptions

  func run() async throws {
    try await options.perform(failure: 69, needsDirectory: false) { setting in
      let database = try Database(setting.configuration, timeout: 10_000)
      defer { database.end() }
      let name = setting.configuration.name
      var (metrics, work) = try await Self.read(name, database)
      let screen = Screen(setting.environment)
      defer { screen?.leave() }
      var isOver = false
      let waiting = Waiting()
      let signals = Signals(end: {
        isOver = true
        waiting.end()
      })
      defer { signals.cancel() }
      var trouble: String?
      while !isOver {
        let page = TopPage(metrics, work, trouble: trouble)
        if let screen { screen.show(page.lines) } else { try Output.standard.write(page.line + "\n") }
        await waiting.wait(.seconds(1))
        if isOver { break }
        do {
          (metrics, work) = try await Self.read(name, database)
          trouble = nil
        } catch {
          trouble = "\(error)"
        }
      }
      return 0
    }
  }

  @Reactor
  private static func read(
    _ name: String, _ database: Database
  ) async throws(EngineError) -> (DirectoryMetrics, RecentWork) {
    let all = try await DirectoryMetrics.readAll(database)
    let metrics = all.first { $0.name == name } ?? DirectoryMetrics(name: name)
    return (metrics, try await RecentWork.read(name, database, rows: TopPage.writes))
  }
}

/// A pause that can be ended.
@Reactor
private final class Waiting {
  private var task: Task<Void, Never>?
  private var hasEnded = false

  func wait(_ time: Duration) async {
    if hasEnded { return }
    let task = Reactor.task { try? await Reactor.sleep(for: time) }
    self.task = task
    await task.value
  }

  func end() {
    hasEnded = true
    task?.cancel()
  }
}

/// The terminal's other screen, which leaves what stood there as it was.
@Reactor
private final class Screen {
  /// Nil where standard output is no terminal that could show it.
  init?(_ environment: [String: String]) {
    guard isatty(Output.standard.rawValue) == 1, environment["TERM"] != "dumb" else { return nil }
    // The alternate screen (1049), and no cursor (25): xterm's control sequences, which all of today's terminals have.
    try? Output.standard.put("\u{1B}[?1049h\u{1B}[?25l")
  }

  func show(_ lines: [String]) {
    let (rows, columns) = size
    let shown = lines.prefix(rows).map { "\($0.prefix(columns))\u{1B}[K" }.joined(separator: "\r\n")
    try? Output.standard.put("\u{1B}[H\(shown)\u{1B}[J")
  }

  func leave() { try? Output.standard.put("\u{1B}[?25h\u{1B}[?1049l") }

  private var size: (rows: Int, columns: Int) {
    var window = winsize()
    guard unsafe ioctl(Output.standard.rawValue, UInt(TIOCGWINSZ), &window) == 0, window.ws_row > 0, window.ws_col > 0
    else {
      return (24, 80)
    }
    return (Int(window.ws_row), Int(window.ws_col))
  }
}
