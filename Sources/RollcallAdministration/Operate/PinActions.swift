internal import Postgres
package import Reactor
package import RollcallConfiguration
package import RollcallCore
internal import RollcallEngine
package import RollcallLedger

/// Operator actions on pins: nothing is written for pinned keys.
///
/// The ledger is changed here. The leading daemon is notified and waited for: when a pin is confirmed, nothing that
/// was planned before it is in progress any more.
@Reactor
package final class PinActions {
  /// How long to wait for the daemon.
  private let patience: Duration
  private let ledger: Ledger

  /// - Throws: ``EngineError`` if the connection string is malformed.
  package init(_ configuration: Configuration, patience: Duration = .seconds(30)) throws(EngineError) {
    ledger = try Ledger(configuration)
    self.patience = patience
  }

  package func close() { ledger.database.close() }

  /// Whether the daemon has processed the change.
  package enum Confirmation: Sendable, Equatable {
    /// It has.
    case done
    /// No process leads: the next leader reads the change before it writes anything.
    case nobodyLeads
    /// The leader has not answered; with its state.
    case notYet(String)
  }

  /// - Parameter until: a time in PostgreSQL's input format, or a duration such as `12h`; nil: until unpinned.
  /// - Throws: ``EngineError/refused(_:)`` if the time is invalid or has passed.
  package func pin(
    _ keys: [RosterKey], because: String, until: String?
  ) async throws(EngineError) -> Confirmation {
    try await ledger.requireInstalled()
    let id = try await order(keys, because: because, actor: try await ledger.actor(), until: until)
    return try await confirmation(of: id)
  }

  /// Pins, and waits for nobody.
  ///
  /// - Returns: the number of the request that the daemon answers when it has taken it up.
  func order(
    _ keys: [RosterKey], because: String, actor: String, until: String?
  ) async throws(EngineError) -> Int {
    var end: String?
    if let until { end = try await time(until) }
    return try await ledger.pin(keys, because: because, actor: actor, until: end)
  }

  /// - Returns: the keys that were pinned.
  package func unpin(
    _ keys: [RosterKey]
  ) async throws(EngineError) -> (keys: [RosterKey], confirmation: Confirmation) {
    try await ledger.requireInstalled()
    let (ended, id) = try await ledger.unpin(keys, actor: try await ledger.actor())
    guard let id else { return ([], .done) }
    return (ended.sorted(), try await confirmation(of: id))
  }

  /// A time in the future, by the database's clock and in its format.
  private func time(_ text: String) async throws(EngineError) -> String {
    let seconds = DurationText.parse(text).map { $0 / .seconds(1) }
    let sql = seconds == nil ? "$1::timestamptz" : "now() + $1::float8 * interval '1 second'"
    let found: QueryResult
    do throws(EngineError) {
      found = try await ledger.database.query(
        "SELECT t::text, t > now() AND isfinite(t) FROM (SELECT \(sql) AS t) AS given",
        [seconds.map { "\($0)" } ?? text])
    } catch {
      // Class 22: the text is not a time.
      guard case .database(let failure) = error, failure.sqlState?.hasPrefix("22") == true else { throw error }
      throw .refused("--until \(text): not a time; write 2026-12-24, \"2026-12-24 08:00+01\" or 12h")
    }
    guard found.bool(0, 1) else { throw .refused("--until \(text): that time has passed or is infinite") }
    return found.text(0, 0) ?? text
  }

  private func confirmation(of id: Int) async throws(EngineError) -> Confirmation {
    let deadline = ContinuousClock.now + patience
    while true {
      if try await ledger.state(of: id).isDone { return .done }
      guard try await LeadingDaemon(ledger).exists(), let record = try await ledger.record() else {
        return .nobodyLeads
      }
      if ContinuousClock.now > deadline {
        let reason = record.condition.reason.map { ": \($0)" } ?? ""
        return .notYet("\(record.leader ?? "?") is \(record.condition.state)\(reason)")
      }
      try? await Reactor.sleep(for: .milliseconds(50))
    }
  }
}
