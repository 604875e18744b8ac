internal import Postgres
package import Reactor
package import RollcallConfiguration
internal import RollcallCore
internal import RollcallEngine
package import RollcallLedger

/// Passes the rows of the journal to a program: each at least once, those of one person in order.
///
/// The daemon is not involved. The position is stored in the database (``JournalWindow``); it advances when all rows
/// before it were taken, or parked with their keys (`rollcall.follower_parked`).
@Reactor
package final class Follower {
  package struct Options: Sendable {
    /// The name of the position.
    package var name: String
    /// The program and its arguments.
    package var words: [String]
    /// Whether the program stays and reads a line for each row, or is started for each.
    package var stays: Bool
    /// Nil for all.
    package var actions: [String]?
    /// How long it may take per row.
    package var deadline: Duration
    /// The number of rows that a lagging follower is to catch up with.
    package var limit: Int

    package init(
      name: String, words: [String], stays: Bool, actions: [String]?, deadline: Duration, limit: Int
    ) {
      self.name = name
      self.words = words
      self.stays = stays
      self.actions = actions
      self.deadline = deadline
      self.limit = limit
    }
  }

  private static let backoff = Backoff(base: .milliseconds(200), cap: .seconds(15))

  private let configuration: Configuration
  private let options: Options
  private let taker: any EventTaker
  private let line: @Sendable (HistoryRow) -> String
  private let say: @Sendable (String) -> Void
  private var run: FollowerRun?
  private var isStopping = false
  private var pause: Task<Void, Never>?

  /// - Parameters:
  ///   - environment: the program's environment, before the variables that the configuration uses are removed.
  ///   - line: formats a row for the program.
  ///   - say: reports a message to the user.
  package init(
    _ configuration: Configuration, _ options: Options, environment: [String: String],
    line: @escaping @Sendable (HistoryRow) -> String, say: @escaping @Sendable (String) -> Void
  ) {
    self.configuration = configuration
    self.options = options
    self.line = line
    self.say = say
    let (words, deadline) = (options.words, options.deadline)
    let rest = Follower.withoutSecrets(environment, configuration)
    taker =
      options.stays
      ? StayingProgram(words, environment: rest, deadline: deadline)
      : ProgramPerEvent(words, environment: rest, deadline: deadline)
  }

  /// The environment without the variables that configurations use, and without those meant for this process alone.
  private static func withoutSecrets(_ environment: [String: String], _ configuration: Configuration) -> [String:
    String]
  {
    let own: Set = [
      "PGPASSWORD", "PGPASSFILE", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "CREDENTIALS_DIRECTORY",
    ]
    let named = configuration.variables
    return environment.filter { !own.contains($0.key) && !named.contains($0.key) }
  }

  /// Stops cleanly: waits for the rows that the program is processing.
  package func stop() {
    isStopping = true
    run?.stop()
    pause?.cancel()
  }

  /// Follows until it is stopped; waits if the database is lost.
  ///
  /// - Throws: ``EngineError`` if it cannot begin, another process follows under the name, or it was forgotten.
  package func follow() async throws(EngineError) {
    try await Follower.requireInstalled(configuration)
    var attempt = 0
    while !isStopping {
      do throws(EngineError) {
        try await once { attempt = 0 }
      } catch {
        guard case .database = error else {
          await taker.end()
          throw error
        }
        attempt += 1
        say("the journal cannot be read: \(error)")
        let delay = Follower.backoff.delay(attempt: attempt, random: Double.random(in: 0..<1))
        pause = Reactor.task { try? await Reactor.sleep(for: delay) }
        await pause?.value
      }
    }
    await taker.end()
  }

  /// The work of one session.
  private func once(_ begun: () -> Void) async throws(EngineError) {
    let session = try await JournalSession.open(configuration)
    defer { session.close() }
    let store = FollowerStore(session, directory: configuration.name, name: options.name, actions: options.actions)
    guard try await store.lock() else {
      throw .refused("another process follows \"\(configuration.name)\" as \"\(options.name)\"")
    }
    try await store.register()
    let run = FollowerRun(
      store, taker, limit: options.limit, from: try await store.state().position, line: line, say: say)
    self.run = run
    begun()
    if isStopping { return }
    try await run.work()
  }

  // MARK: Forgetting

  /// Deletes a follower's position and parked keys; returns false if there is none of that name.
  package static func forget(_ name: String, _ configuration: Configuration) async throws(EngineError) -> Bool {
    let ledger = try Ledger(configuration)
    defer { ledger.database.close() }
    try await ledger.requireInstalled()
    let result = try await ledger.database.query(
      """
      WITH keys AS (DELETE FROM rollcall.follower_parked WHERE directory = $1 AND name = $2)
      DELETE FROM rollcall.follower WHERE directory = $1 AND name = $2
      """, [configuration.name, name])
    return result.affectedRows > 0
  }

  private static func requireInstalled(_ configuration: Configuration) async throws(EngineError) {
    let ledger = try Ledger(configuration)
    defer { ledger.database.close() }
    try await ledger.requireInstalled()
  }
}
