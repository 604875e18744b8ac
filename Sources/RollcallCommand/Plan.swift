internal import ArgumentParser
internal import LDAPModel
internal import PlainText
internal import RollcallAdministration
internal import RollcallCore
internal import RollcallEngine

struct Plan: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows what would change in the directory.",
    discussion: """
      Reads both sides as the daemon does and prints the operations as LDIF, each with a comment that names the key and \
      the action. It changes nothing. Comments also show the removals and takeovers that are held or would be held, and \
      the keys that are parked. Passwords are printed as ***. With keys it looks at these alone, and says why nothing is \
      to be done for a key. Such lines and a summary go to standard error.

      Examples:
        rollcall plan
        rollcall plan 17 18
        rollcall plan --json | jq -r '.operations[].dn'

      Exit codes: 0 if nothing is to be done (standard output is empty), 2 if something is, 1 on an error, or for a key \
      that neither side knows.
      """)

  @OptionGroup var options: GlobalOptions

  @Argument(help: "Keys to look at. Default: all.")
  var keys: [String] = []

  @Flag(help: "Print one JSON object instead of LDIF.")
  var json = false

  func run() async throws {
    let (keys, json) = (self.keys, self.json)
    try await options.perform { setting in
      let engine = try Engine(setting.configuration, logger: setting.logger)
      defer { engine.close() }
      let result = try await Rehearsal(engine).run(keys.map { RosterKey($0) })
      let page = PlanPage(result)
      if json || !page.isEmpty { try Output.standard.write(json ? page.json.text : page.ldif) }
      for standing in result.standings { Output.error.say("\(standing)".printable) }
      Output.error.say(page.summary)
      if !result.unknown.isEmpty { return 1 }
      return page.isEmpty ? 0 : 2
    }
  }
}

/// How a plan is shown.
struct PlanPage {
  private let steps: [Step]
  private let held: [Removal]
  private let takeovers: [Takeover]
  private let parked: [(key: RosterKey, value: Problem)]
  private let blocked: [(key: RosterKey, value: Blocker)]
  private let foretold: [RosterKey: String]
  private let setAside: [StatusReport.Parked]

  init(_ result: Rehearsal.Result) {
    steps = result.plan.sequences.flatMap(\.steps)
    held = result.held.sorted { $0.key < $1.key }
    takeovers = result.takeovers.sorted { $0.dn.text < $1.dn.text }
    parked = result.parked.sorted { $0.key < $1.key }
    blocked = result.plan.blocked.sorted { $0.key < $1.key }
    foretold = result.foretold
    setAside = result.setAside.values.sorted { $0.key < $1.key }
  }

  var isEmpty: Bool {
    steps.isEmpty && held.isEmpty && takeovers.isEmpty && parked.isEmpty && blocked.isEmpty && setAside.isEmpty
  }

  var ldif: String {
    var text = steps.isEmpty ? "" : LDIF.header
    for step in steps {
      text += LDIF.comment("key \(step.key.shown): \(step.what.rawValue)") + LDIF.change(step.operation)
    }
    for removal in held {
      let state = foretold[removal.key].map { "would be held, because \($0)" } ?? "held"
      text += LDIF.comment(
        "\(state): key \(removal.key.shown): \(removal.action.rawValue) \(removal.dn.text.excerpt()); "
          + "rollcall release approves it"
      )
    }
    for takeover in takeovers {
      text += LDIF.comment(
        "held: \(takeover.isGroup ? "group" : "key \(takeover.subject)"): takeover of \(takeover.dn.text), which Rollcall "
          + "did not make; rollcall release approves it")
    }
    for (key, problem) in parked {
      text += LDIF.comment("parked: key \(key.shown): \(problem.reason.rawValue): \(problem.message)")
    }
    for parked in setAside {
      text += LDIF.comment(
        "parked at present: key \(RosterKey(parked.key).shown): \(parked.reason): \(parked.message); "
          + (parked.nextAt.map { "next try \($0)" } ?? "it waits for its cause, or for rollcall retry"))
    }
    for (key, blocker) in blocked {
      text += LDIF.comment(
        "waits: key \(key.shown): for key \(blocker.key.shown), which has \(blocker.dn.text.excerpt())"
      )
    }
    return text
  }

  var json: JSON {
    .object([
      (
        "operations",
        .array(
          steps.map { step in
            .object([
              ("key", .string(step.key.text)), ("what", .string(step.what.rawValue)),
              ("dn", .string(step.operation.dn.text)), ("ldif", .string(LDIF.change(step.operation))),
            ])
          })
      ),
      (
        "held",
        .array(
          held.map {
            .object([
              ("key", .string($0.key.text)), ("action", .string($0.action.rawValue)), ("dn", .string($0.dn.text)),
              ("reason", JSON(foretold[$0.key])),
            ])
          }
            + takeovers.map {
              .object([
                ("key", .string($0.subject.text)), ("action", .string(Takeover.action)), ("dn", .string($0.dn.text)),
              ])
            })
      ),
      (
        "parked",
        .array(
          parked.map { key, problem in
            .object([
              ("key", .string(key.text)), ("reason", .string(problem.reason.rawValue)),
              ("code", JSON(problem.code.map(Int.init))), ("message", .string(problem.message)),
            ])
          }
            + setAside.map {
              .object([
                ("key", .string($0.key)), ("reason", .string($0.reason)), ("code", JSON($0.code)),
                ("message", .string($0.message)),
              ])
            })
      ),
      (
        "waiting",
        .array(
          blocked.map { key, blocker in
            .object([("key", .string(key.text)), ("for", .string(blocker.key.text)), ("dn", .string(blocker.dn.text))])
          })
      ),
    ])
  }

  var summary: String {
    let keys = Set(steps.map(\.key)).count
    let waiting = blocked.isEmpty ? "" : ", \(blocked.count) waiting"
    let future = foretold.isEmpty ? "" : " (\(foretold.count) of them from now on)"
    let decided = held.count + takeovers.count
    return "\(counted(steps.count, "operation")) for \(counted(keys, "key")), \(decided) held\(future), "
      + "\(parked.count + setAside.count) parked\(waiting)"
  }
}

/// `1 key`, `2 keys`.
func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
