internal import Reactor
package import RollcallConfiguration

/// What a web page shows of `rollcall check`, as the daemon has run it.
package struct CheckAnswer: Codable, Sendable {
  /// In the order in which they were made.
  package var findings: [Finding]
  /// ``Configuration/shown`` of the running daemon, which the file may not say any more.
  package var configuration: String
}

/// Runs `rollcall check` in a daemon, with connections of its own, at most once in a while: each look reads much of what
/// both servers have, and a page asks as often as somebody loads it.
@Reactor
final class CheckDesk {
  private static let validity = Duration.seconds(10)

  private let configuration: Configuration
  private var last: (answer: CheckAnswer, at: ContinuousClock.Instant)?
  private var isChecking = false
  private var waiting: [CheckedContinuation<CheckAnswer, Never>] = []

  init(_ configuration: Configuration) { self.configuration = configuration }

  /// What has been found just now, or a few seconds ago.
  func answer() async -> CheckAnswer {
    if let last, ContinuousClock.now - last.at < CheckDesk.validity { return last.answer }
    if isChecking { return await withCheckedContinuation { waiting.append($0) } }
    isChecking = true
    let inspection = Inspection(configuration)
    var findings: [Finding] = []
    inspection.onFinding = { findings.append($0) }
    _ = await inspection.run()
    let answer = CheckAnswer(findings: findings, configuration: configuration.shown)
    last = (answer, ContinuousClock.now)
    isChecking = false
    for one in waiting { one.resume(returning: answer) }
    waiting = []
    return answer
  }
}
