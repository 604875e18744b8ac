internal import Reactor
internal import RollcallAdministration
internal import RollcallLedger

/// What approving the held sets would write, as their daemons say it; kept for a while, since a page asks each time that
/// it looks for what is new.
@Reactor
final class HeldChanges {
  private static let validity = Duration.seconds(60)
  private static let most = 16

  private var known: [String: (text: String, at: ContinuousClock.Instant)] = [:]

  /// LDIF; nil where no daemon has answered.
  ///
  /// - Parameter set: the id of the set. Another one is another set.
  func ldif(_ database: Database, _ directory: String, _ set: String) async throws(EngineError) -> String? {
    let now = ContinuousClock.now
    known = known.filter { now - $0.value.at < HeldChanges.validity }
    if let found = known["\(set) \(directory)"] { return found.text }
    guard case .answer(let answer) = try await PageQuestions(database, directory: directory).held(set),
      !answer.ldif.isEmpty
    else { return nil }
    if known.count >= HeldChanges.most { known = [:] }
    known["\(set) \(directory)"] = (answer.ldif, now)
    return answer.ldif
  }
}
