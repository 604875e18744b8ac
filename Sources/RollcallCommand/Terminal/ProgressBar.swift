internal import Glibc
internal import Logging
internal import PlainText
internal import Reactor
internal import Synchronization

/// One line on a terminal that says how far a command is: redrawn in place, and gone at the end.
@Reactor
final class ProgressBar {
  /// What is to be shown.
  struct Work {
    /// What is being done; another one begins anew with its rate.
    var what: String
    /// Nil where that is not known.
    var done: Int?
    var total: Int?
    /// Whether the total is an estimate.
    var isAbout = false
    var more = ""
  }

  private static let pause: Duration = .milliseconds(250)
  /// Whether a line stands on the terminal that the next writing has to take away.
  private nonisolated static let isShown = Atomic(false)

  private let look: @Reactor () -> Work?
  var onEnd: (@Reactor () -> Void)?
  private var timer: Timer?
  private var what = ""
  private var began = (at: ContinuousClock.now, done: 0)

  /// Nil where it is not wanted: standard error is no terminal, its lines are for a program, or the level of the log
  /// says that more, or less, is to be read.
  init?(_ options: GlobalOptions, _ environment: [String: String], _ look: @escaping @Reactor () -> Work?) {
    guard isatty(Output.error.rawValue) == 1, environment["TERM"] != "dumb", options.format == .text,
      options.level == .info || options.level == .notice
    else { return nil }
    self.look = look
    tick()
  }

  /// Shows the last of it and takes it away.
  func end() {
    guard timer != nil else { return }
    timer?.cancel()
    timer = nil
    draw()
    Self.clear()
    onEnd?()
  }

  /// Takes the line away where there is one, before something else is written.
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
    // A line that a terminal wraps could not be taken away.
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
