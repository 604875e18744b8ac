internal import Glibc
internal import Logging
internal import PlainText
internal import Reactor
internal import Synchronization

/// One line on a terminal that shows the progress of a command: redrawn in place, and removed at the end.
@Reactor
final class ProgressBar {
  /// The progress to show.
  struct Work {
    /// The current activity; a new one starts with its own rate.
    var what: String
    /// Nil if it is unknown.
    var done: Int?
    var total: Int?
    /// Whether the total is an estimate.
    var isAbout = false
    var more = ""
  }

  private static let pause: Duration = .milliseconds(250)
  /// Whether a line is shown that the next output has to remove.
  private nonisolated static let isShown = Atomic(false)

  private let look: @Reactor () -> Work?
  var onEnd: (@Reactor () -> Void)?
  private var timer: Timer?
  private var what = ""
  private var began = (at: ContinuousClock.now, done: 0)

  /// Nil if it is not wanted: standard error is not a terminal, its output is meant for a program, or the log level
  /// requests more, or less, output.
  init?(_ options: GlobalOptions, _ environment: [String: String], _ look: @escaping @Reactor () -> Work?) {
    guard isatty(Output.error.rawValue) == 1, environment["TERM"] != "dumb", options.format == .text,
      options.level == .info || options.level == .notice
    else { return nil }
    self.look = look
    tick()
  }

  /// Shows the final progress and removes it.
  func end() {
    guard timer != nil else { return }
    timer?.cancel()
    timer = nil
    draw()
    Self.clear()
    onEnd?()
  }

  /// Removes the line, if there is one, before other output.
  nonisolated static func clear() {
    if isShown.exchange(false, ordering: .sequentiallyConsistent) { try? Output.error.put("\r\u{1B}[K") }
  }

  private func tick() {
    draw()
    timer = Reactor.loop.after(Self.pause) { [weak self] in self?.tick() }
  }

  private func draw() {
    guard let work = look() else { return }
    if work.what != what {
      what = work.what
      began = (.now, work.done ?? 0)
    }
    let text = Self.text(work, since: began.done, .now - began.at)
    // A line that the terminal wraps could not be removed.
    try? Output.error.put("\r\u{1B}[K\(text.printable.prefix(79))")
    Self.isShown.store(true, ordering: .sequentiallyConsistent)
  }

  /// `comparing: 1200 of about 3000, 400 a second, about 5 s left`
  private static func text(_ work: Work, since first: Int, _ time: Duration) -> String {
    let seconds = Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
    var parts: [String] = []
    if let done = work.done {
      let total = work.total.map { max($0, done) }
      parts.append("\(done)" + (total.map { " of \(work.isAbout ? "about " : "")\($0)" } ?? ""))
      let rate = Double(done - first) / max(seconds, 0.001)
      if rate > 0 {
        parts.append(rate < 10 ? "\((rate * 10).rounded() / 10) a second" : "\(Int(rate)) a second")
        if let total, total > done { parts.append("about \(span(Double(total - done) / rate)) left") }
      }
    } else {
      parts.append(span(seconds))
    }
    if !work.more.isEmpty { parts.append(work.more) }
    return "\(work.what): " + parts.joined(separator: ", ")
  }

  private static func span(_ seconds: Double) -> String {
    let whole = Int(min(seconds.rounded(), 1e9))
    if whole < 60 { return "\(whole) s" }
    return whole < 3600 ? "\(whole / 60) min" : "\(whole / 3600) h \(whole % 3600 / 60) min"
  }
}
