internal import Postgres
package import Reactor
package import RollcallLedger

/// The daemon that leads a directory, as a web page asks it: with the functions `rollcall.ask`, `act` and `hear`, as a
/// role that may write nothing.
@Reactor
package struct PageQuestions {
  private let database: Database
  private let directory: String
  private let patience: Duration

  /// - Parameter patience: how long an answer may take.
  package init(_ database: Database, directory: String, patience: Duration = .seconds(3)) {
    self.database = database
    self.directory = directory
    self.patience = patience
  }

  /// What came of it.
  package enum Heard<Answer: Sendable>: Sendable {
    case answer(Answer)
    /// The daemon says why it cannot.
    case cannot(String)
    /// No daemon has answered in time.
    case nobody
    /// The database does not take the question: the role lacks the right, or asks too often.
    case notAsked(String)
  }

  /// Explains one person and shows both sides.
  package func person(_ key: String) async throws(EngineError) -> Heard<PersonAnswer> {
    try await hear("SELECT rollcall.ask($1, 'person', $2)", [directory, SQLText.array([key])])
  }

  /// What `rollcall check` finds in the daemon's place.
  package func check() async throws(EngineError) -> Heard<CheckAnswer> {
    try await hear("SELECT rollcall.ask($1, 'check', '{}')", [directory])
  }

  /// What approving a held set would write.
  package func held(_ set: String) async throws(EngineError) -> Heard<HeldAnswer> {
    try await hear("SELECT rollcall.ask($1, 'held', $2)", [directory, SQLText.array([set])])
  }

  /// What an operator wants done.
  package struct Action: Sendable {
    package enum Kind: String, Sendable {
      case release, retry, pin, unpin, sync
    }

    package var kind: Kind
    package var keys: [String] = []
    /// The id of a held set.
    package var set: String?
    package var dn: String?
    package var until: String?
    /// Parked for this reason.
    package var reason: String?
    package var because: String?

    package init(_ kind: Kind) { self.kind = kind }
  }

  /// - Parameter actor: who wants it; the database adds the role.
  package func act(_ action: Action, actor: String) async throws(EngineError) -> Heard<OperatorOutcome> {
    try await hear(
      "SELECT rollcall.act($1, $2, $3, $4, $5, $6, $7, $8, $9)",
      [
        directory, action.kind.rawValue, SQLText.array(action.keys), actor, action.because, action.set, action.dn,
        action.until, action.reason,
      ])
  }

  private func hear<Answer: Codable & Sendable>(
    _ question: String, _ parameters: [String?]
  ) async throws(EngineError) -> Heard<Answer> {
    let began = ContinuousClock.now
    let asked: QueryResult
    do throws(EngineError) { asked = try await database.query(question, parameters) } catch {
      guard case .database(let failure) = error, let words = PageQuestions.words(failure) else { throw error }
      return .notAsked(words)
    }
    guard let number = asked.text(0, 0) else { return .nobody }
    while true {
      let isLast = ContinuousClock.now - began > patience
      let heard = try await database.query(
        "SELECT done, message, answer FROM rollcall.hear($1, $2)", [number, isLast ? "t" : "f"])
      if heard.bool(0, 0) {
        if let reason = heard.text(0, 1) { return .cannot(reason) }
        let found: QuestionAnswer<Answer> = try LedgerText.decode(heard.text(0, 2))
        return found.answer.map { .answer($0) } ?? .nobody
      }
      if isLast || heard.isNull(0, 0) { return .nobody }
      try? await Reactor.sleep(for: .milliseconds(20))
    }
  }

  /// What the function, or the server instead of it, says against a question; nil for any other failure.
  private static func words(_ failure: PostgresError) -> String? {
    switch failure.sqlState {
    // insufficient_privilege
    case "42501":
      "the role of this page has no right to ask the daemon (\(failure.message)); grants.sql grants it"
    // read_only_sql_transaction
    case "25006": "this database is a standby, so the daemon cannot be asked through it"
    // undefined_object, program_limit_exceeded, configuration_limit_exceeded, invalid_parameter_value
    case "42704", "54000", "53400", "22023": failure.message
    default: nil
    }
  }
}
