internal import ArgumentParser
internal import PlainText
internal import Postgres
internal import Reactor
internal import RollcallAdministration
internal import RollcallConfiguration
internal import RollcallCore
internal import RollcallEngine
internal import RollcallLedger

struct Explain: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Explains why a person is, or is not, in the directory as the table says.",
    discussion: """
      Follows one key from the row to the entry in eight steps: row, scope, mapping, match, difference, gate (held, \
      pinned or parked), last write, and what happens next. It changes nothing, and it also answers when the directory, \
      the database or the daemon is down. Passwords are shown as ***.

      If a daemon leads the directory, explain asks the daemon, so it needs no password of the directory. With --dn and \
      --find it looks for an entry, or for a row that is mapped to that name or value.

      Examples:
        rollcall explain 17
        rollcall explain --dn uid=ada,ou=users,dc=example,dc=com
        rollcall explain --find '(mail=ada@example.com)'
        rollcall explain 17 --json | jq -r .next

      Exit codes: 0 if the person is in step, 2 if a change is pending, 1 if a person has to do something, 69 if the \
      state cannot be determined.
      """)

  @OptionGroup var options: GlobalOptions

  @Argument(help: "The person's key.")
  var key: String?

  @Option(help: ArgumentHelp("Explain the entry with this DN.", valueName: "dn"))
  var dn: String?

  @Option(help: ArgumentHelp("Explain the entry that matches this LDAP filter.", valueName: "filter"))
  var find: String?

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    if [key, dn, find].compactMap({ $0 }).count != 1 {
      throw ValidationError("Give one of: a key, --dn DN, --find FILTER.")
    }
  }

  private var search: Explainer.Search {
    if let dn { .dn(dn) } else if let find { .find(find) } else { .key(key ?? "") }
  }

  func run() async throws {
    let (search, json) = (self.search, self.json)
    try await options.perform(failure: 69, needsDirectory: false) { setting in
      let page = ExplanationPage(try await Explain.find(search, setting))
      try Output.standard.write(json ? page.json.text : page.text)
      return page.exitCode
    }
  }

  /// Asks the leading daemon; if none leads, or it runs with another configuration, this process finds out itself.
  @Reactor
  private static func find(_ search: Explainer.Search, _ setting: GlobalOptions.Setting) async throws -> Explanation {
    let ledger = try Ledger(setting.configuration)
    defer { ledger.database.close() }
    var asked = Asked<Explanation>.nobody
    var isStandby = false
    do throws(EngineError) {
      asked = try await LeadingDaemon(ledger).ask(
        .explain, about: search, setting.configuration, patience: .seconds(60))
    } catch {
      // A database that does not answer, or accepts no writes, is part of the explanation.
      guard case .database(let failure) = error else { throw error }
      isStandby = failure.isReadOnly
    }
    if case .answer(let explanation) = asked { return explanation }
    var missing: String?
    var configuration = setting.configuration
    do { configuration = try setting.whole() } catch { missing = "\(error)" }
    configuration.source.takesStandby = isStandby
    let engine = try Engine(configuration, logger: setting.logger)
    defer { engine.close() }
    return try await Explainer(engine, withoutDirectory: missing).explain(search)
  }
}

/// Formats an explanation.
struct ExplanationPage {
  private let explanation: Explanation

  init(_ explanation: Explanation) { self.explanation = explanation }

  var exitCode: Int32 {
    switch explanation.verdict {
    case .inStep: 0
    case .pending: 2
    case .blocked: 1
    case .unknown: 69
    }
  }

  var json: JSON {
    .object([
      ("key", JSON(explanation.key)), ("directory", .string(explanation.directory)),
      ("verdict", .string(explanation.verdict.rawValue)),
      ("steps", .array(explanation.steps.map(Self.json))), ("next", .string(explanation.next)),
    ])
  }

  private static func json(_ step: Explanation.Step) -> JSON {
    .object(
      [
        ("name", .string(step.name.rawValue)), ("outcome", .string(step.outcome.rawValue)),
        ("text", .string(step.text)),
      ] + step.evidence.map { ($0.name, json($0.value)) })
  }

  private static func json(_ value: Explanation.Evidence.Value) -> JSON {
    switch value {
    case .text(let text): .string(text)
    case .number(let number): .integer(number)
    case .flag(let flag): .bool(flag)
    case .list(let items): .array(items.map { .string($0) })
    case .table(let rows):
      .object(
        rows.map { row in
          let values = (row.values ?? []).map { JSON.string($0) }
          return (row.name, row.isList ? .array(values) : values.first ?? .null)
        })
    }
  }

  // MARK: Text

  private static let indent = String(repeating: " ", count: 20)

  /// The verdict, then a line for each step, with its evidence below.
  var text: String {
    explanation.summary.printable + "\n\n"
      + explanation.steps.map { step in
        let name = step.name == .lastWrite ? "last write" : step.name.rawValue
        let line = "\(name.padded(12))\(step.outcome.rawValue.padded(8))\(step.text.printable)\n"
        return line + Self.details(of: step).map { "\(Self.indent)\($0.printable)\n" }.joined()
      }.joined()
  }

  /// The evidence that the sentence does not contain.
  private static func details(of step: Explanation.Step) -> [String] {
    step.evidence.flatMap { evidence -> [String] in
      switch (evidence.name, evidence.value) {
      case ("columns", .table(let rows)): rows.map { "\($0.name) = \($0.values?.first ?? "NULL")" }
      case ("attributes", .table(let rows)):
        rows.flatMap { row in (row.values ?? []).map { "\(row.name): \($0)" } }
      case ("groups", .list(let groups)): groups.map { "group \($0)" }
      case ("ldif", .text(let ldif)):
        ldif.split(separator: "\n", omittingEmptySubsequences: true).map(String.init)
      default: []
      }
    }
  }
}
