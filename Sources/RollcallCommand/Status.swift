internal import ArgumentParser
internal import PlainText
internal import RollcallAdministration
internal import RollcallCore
internal import RollcallEngine
internal import RollcallLedger

struct Status: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows lag, parked keys, held removals and problems.",
    discussion: """
      Reads the database alone, so it works while the daemon or the directory is down.

      Examples:
        rollcall status
        rollcall status --json | jq .watermark_age_seconds

      Exit codes: 0 if all is well, 1 if something is parked or held, the directory is behind, nobody leads it or there \
      is a problem, 69 if the state cannot be read.
      """)

  @OptionGroup var options: GlobalOptions

  @Flag(help: "Print one JSON object.")
  var json = false

  func run() async throws {
    let json = self.json
    try await options.perform(failure: 69, needsDirectory: false) { setting in
      let report = try await StatusReport.read(setting.configuration)
      let page = StatusPage(report)
      try Output.standard.write(json ? page.json.text : page.text)
      return report.isWell ? 0 : 1
    }
  }
}

/// How a status is shown.
struct StatusPage {
  /// Rows of a list that people are shown.
  private static let most = 20
  private let report: StatusReport

  init(_ report: StatusReport) { self.report = report }

  var json: JSON {
    .object([
      ("name", .string(report.name)), ("behind", .bool(report.isBehind)),
      ("watermark_age_seconds", JSON(report.watermarkAge)), ("backlog", JSON(report.backlog)),
      ("leader", JSON(report.leader)), ("leader_since", JSON(report.leaderSince)),
      (
        "directory",
        .object([
          ("state", JSON(report.directory?.state)), ("reason", JSON(report.directory?.reason)),
          ("since", JSON(report.directory?.since)),
        ])
      ),
      ("last_reconcile", JSON(report.lastReconcile)),
      ("parked", .array(report.parked.map(Self.json))), ("held_set", JSON(report.held.id)),
      ("held", .array(report.held.removals.map(Self.json))), ("released", .integer(report.released)),
      ("problems", .array(report.problems.map(Self.json))),
    ])
  }

  private static func json(_ parked: StatusReport.Parked) -> JSON {
    .object([
      ("key", .string(parked.key)), ("reason", .string(parked.reason)), ("code", JSON(parked.code)),
      ("message", .string(parked.message.excerpt(Excerpt.sentence))), ("attempts", .integer(parked.attempts)),
      ("since", .string(parked.since)), ("next_at", JSON(parked.nextAt)),
    ])
  }

  private static func json(_ problem: ConditionProblem) -> JSON {
    .object([
      ("code", .string(problem.code.rawValue)), ("message", .string(problem.message)), ("fix", JSON(problem.fix)),
      ("since", JSON(problem.since)),
    ])
  }

  private static func json(_ held: HeldSet.Removal) -> JSON {
    .object([
      ("key", .string(held.key.text)), ("action", .string(held.action)), ("dn", .string(held.dn)),
      ("since", .string(held.since)), ("reason", JSON(held.reason)),
    ])
  }

  var text: String {
    var lines: [(String, String)] = [("name", report.name)]
    lines.append(("leader", report.leader.map { "\($0) since \(report.leaderSince ?? "?")" } ?? "nobody"))
    if let directory = report.directory {
      let reason = directory.reason.map { ": \($0)" } ?? ""
      let side = directory.isOfDatabase ? "database" : "directory"
      lines.append((side, "\(directory.state) since \(directory.since ?? "?")\(reason)"))
    } else {
      lines.append(("directory", "never connected"))
    }
    let age = report.watermarkAge.map { "\(($0 * 10).rounded() / 10) s ago" } ?? "never"
    lines.append(("in step", age + (report.isBehind ? ", behind" : "")))
    lines.append(("backlog", report.backlog.map { counted($0, "change") } ?? "full reconcile pending"))
    lines.append(("reconciled", report.lastReconcile ?? "never"))
    lines.append(("parked", "\(report.parked.count)"))
    lines.append(("held", "\(report.held.removals.count)" + (report.held.id.map { ", set \($0)" } ?? "")))
    if report.released > 0 { lines.append(("released", "\(report.released), not done yet")) }
    var text = lines.map { "\(($0 + ":").padded(12))\($1.printable)\n" }.joined()
    text += list(report.problems) { problem in
      "problem \(problem.code.rawValue): \(problem.message)\(problem.fix.map { "; \($0)" } ?? "") "
        + "[since \(problem.since ?? "?")]"
    }
    text += list(report.parked) { parked in
      let next = parked.nextAt.map { "next try \($0)" } ?? "waits for its cause"
      return
        "parked \(parked.key.excerpt()): \(parked.message.excerpt(Excerpt.sentence)) [\(parked.reason), \(counted(parked.attempts, "attempt")), \(next)]"
    }
    text += list(report.held.removals) { held in
      let reason = held.reason.map { "\($0), " } ?? ""
      return
        "held \(held.key.text.excerpt()): \(held.action) \(held.dn.excerpt()) [\(reason)since \(held.since)]"
    }
    return text
  }

  private func list<Item>(_ items: [Item], _ line: (Item) -> String) -> String {
    var text = items.prefix(Self.most).map { line($0).printable + "\n" }.joined()
    if items.count > Self.most { text += "… and \(items.count - Self.most) more: rollcall status --json\n" }
    return text
  }
}

extension String {
  /// Filled up with blanks to a width.
  func padded(_ width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
