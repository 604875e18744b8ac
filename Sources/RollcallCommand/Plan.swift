internal import ArgumentParser
internal import LDAPModel
internal import PlainText
internal import Reactor
internal import RollcallAdministration
internal import RollcallCore
internal import RollcallEngine
internal import RollcallLedger

struct Plan: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows what would change in the directory.",
    discussion: """
      Reads both sides as the daemon does and prints the operations as LDIF, each with a comment that names the key and \
      the action. It changes nothing. Comments also show the removals and takeovers that are held or would be held, the \
      keys that are parked, and those that are pinned. Passwords are printed as ***. With --until it also lists the dates \
      of rows that pass until then (source.due), and the entries of leavers that will be deleted (users.delete_after), \
      each with its time. With keys it checks only these, and \
      says why a key needs no change. Such lines and a summary go to standard error. If a daemon leads the \
      directory with the same configuration, plan asks the daemon, so it needs no password of the directory.

      Examples:
        rollcall plan
        rollcall plan 17 18
        rollcall plan --until 2027-01-31
        rollcall plan --json | jq -r '.operations[].dn'

      Exit codes: 0 if nothing is to be done (standard output is empty), 2 if something is, 1 on an error, or for a key \
      that neither side knows.
      """)

  @OptionGroup var options: GlobalOptions

  @Argument(help: "Keys to look at. Default: all.")
  var keys: [String] = []

  @Flag(help: "Print one JSON object instead of LDIF.")
  var json = false

  @Option(help: "Also list what happens at its time until this date, such as 2027-01-31.")
  var until: String?

  func run() async throws {
    let (keys, json, until, options) = (self.keys, self.json, self.until, self.options)
    try await options.perform(needsDirectory: false) { setting in
      var report = try await Plan.find(keys.map { RosterKey($0) }, setting, options)
      if let until {
        let due = try await ComingChange.read(setting.configuration, until: until)
        report.due = keys.isEmpty ? due : due.filter { keys.contains($0.key) }
      }
      let page = PlanPage(report)
      if json || !report.isBlank { try Output.standard.write(json ? page.json.text : page.ldif) }
      for standing in report.standings { Output.error.say(standing.printable) }
      Output.error.say(page.summary)
      if report.hasUnknown { return 1 }
      return report.isEmpty ? 0 : 2
    }
  }

  /// Asks the leading daemon; if none leads, it runs with another configuration, or the plan exceeds its limit, this
  /// process makes the plan.
  @Reactor
  private static func find(
    _ keys: [RosterKey], _ setting: GlobalOptions.Setting, _ options: GlobalOptions
  ) async throws -> PlanReport {
    let ledger = try Ledger(setting.configuration)
    defer { ledger.database.close() }
    try await ledger.requireInstalled()
    let isWhole = keys.isEmpty
    let spinner =
      isWhole ? ProgressBar.ofLeader(setting.configuration, options, setting.environment) : nil
    defer { spinner?.end() }
    do throws(EngineError) {
      let asked: Asked<PlanReport> = try await LeadingDaemon(ledger).ask(
        .plan, about: keys, setting.configuration, patience: .seconds(600))
      if case .answer(let report) = asked { return report }
    } catch {
      // A request that the daemon refuses is carried out here, if possible.
      guard case .refused = error, (try? setting.whole()) != nil else { throw error }
    }
    let engine = try Engine(try setting.whole(), logger: setting.logger)
    defer { engine.close() }
    spinner?.end()
    let bar = isWhole ? ProgressBar.of(engine, options, setting.environment) : nil
    defer { bar?.end() }
    return PlanReport(try await Rehearsal(engine).run(keys))
  }
}

/// Formats a plan.
struct PlanPage {
  private let report: PlanReport

  init(_ report: PlanReport) { self.report = report }

  private static func shown(_ key: String) -> String { RosterKey(key).shown }

  var ldif: String {
    var text = report.operations.isEmpty ? "" : LDIF.header
    for operation in report.operations {
      text += LDIF.comment("key \(Self.shown(operation.key)): \(operation.what)") + operation.ldif
    }
    for held in report.held {
      if held.isTakeover {
        let whose = held.isGroup ? "group" : "key \(held.key)"
        text += LDIF.comment(
          "held: \(whose): takeover of \(held.dn), which Rollcall did not make; rollcall release approves it")
      } else {
        let state = held.reason.map { "would be held, because \($0)" } ?? "held"
        text += LDIF.comment(
          "\(state): key \(Self.shown(held.key)): \(held.action) \(held.dn.excerpt()); rollcall release approves it")
      }
    }
    for parked in report.parked {
      text += LDIF.comment("parked: key \(Self.shown(parked.key)): \(parked.reason): \(parked.message)")
    }
    for parked in report.setAside {
      text += LDIF.comment(
        "parked at present: key \(Self.shown(parked.key)): \(parked.reason): \(parked.message); "
          + (parked.nextAt.map { "next try \($0)" } ?? "it waits until its cause is removed, or for rollcall retry"))
    }
    for pin in report.pinned {
      let removal = pin.removal.map { "; \($0) waits" } ?? ""
      let end = pin.until.map { "until \($0)" } ?? "until unpinned"
      text += LDIF.comment(
        "pinned: key \(Self.shown(pin.key)): \(pin.because.excerpt()) (\(pin.actor), \(end))"
          + (pin.isWaiting ? "; a change waits\(removal)" : ""))
    }
    for due in report.due ?? [] {
      let what = due.dn.map { "delete \($0.excerpt())" } ?? "a date of its row passes, and it is looked at again"
      text += LDIF.comment("due \(due.at): key \(Self.shown(due.key)): \(what)")
    }
    for waiting in report.waiting {
      text += LDIF.comment(
        "waits: key \(Self.shown(waiting.key)): for key \(Self.shown(waiting.holder)), which has \(waiting.dn.excerpt())"
      )
    }
    return text
  }

  var json: JSON {
    .object([
      ("operations", .array(report.operations.map(Self.json))), ("held", .array(report.held.map(Self.json))),
      ("parked", .array(report.parked.map(Self.json) + report.setAside.map(Self.json))),
      ("pinned", .array(report.pinned.map(Self.json))),
      (
        "waiting",
        .array(
          report.waiting.map {
            .object([("key", .string($0.key)), ("for", .string($0.holder)), ("dn", .string($0.dn))])
          })
      ),
      ("due", .array((report.due ?? []).map { $0.json })),
    ])
  }

  private static func json(_ pin: PlanReport.Pinned) -> JSON {
    .object([
      ("key", .string(pin.key)), ("because", .string(pin.because)), ("actor", .string(pin.actor)),
      ("since", .string(pin.since)), ("until", JSON(pin.until)), ("waiting", .bool(pin.isWaiting)),
    ])
  }

  private static func json(_ operation: PlanReport.Operation) -> JSON {
    .object([
      ("key", .string(operation.key)), ("what", .string(operation.what)), ("dn", .string(operation.dn)),
      ("ldif", .string(operation.ldif)),
    ])
  }

  private static func json(_ held: PlanReport.Held) -> JSON {
    let what = [("key", JSON.string(held.key)), ("action", .string(held.action)), ("dn", .string(held.dn))]
    return .object(what + (held.isTakeover ? [] : [("reason", JSON(held.reason))]))
  }

  private static func json(_ parked: PlanReport.Parked) -> JSON {
    .object([
      ("key", .string(parked.key)), ("reason", .string(parked.reason)), ("code", JSON(parked.code)),
      ("message", .string(parked.message)),
    ])
  }

  private static func json(_ parked: StatusReport.Parked) -> JSON {
    .object([
      ("key", .string(parked.key)), ("reason", .string(parked.reason)), ("code", JSON(parked.code)),
      ("message", .string(parked.message)),
    ])
  }

  var summary: String {
    let keys = Set(report.operations.map(\.key)).count
    let waiting = report.waiting.isEmpty ? "" : ", \(report.waiting.count) waiting"
    let future = report.foretold == 0 ? "" : " (\(report.foretold) of them from now on)"
    return
      "\(counted(report.operations.count, "operation")) for \(counted(keys, "key")), \(report.held.count) held\(future), "
      + "\(report.parked.count + report.setAside.count) parked\(waiting)"
  }
}

extension ComingChange {
  var json: JSON {
    .object([("key", .string(key)), ("action", .string(action.rawValue)), ("dn", JSON(dn)), ("at", .string(at))])
  }
}

/// `1 key`, `2 keys`.
func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
