internal import PlainText
internal import RollcallAdministration
internal import RollcallCore
internal import RollcallLedger

/// Formats a status.
struct StatusPage {
  /// The number of rows of a list that are shown.
  private static let most = 20
  private let report: StatusReport

  /// The configuration file named on the command line; nil if none was.
  private let file: String?

  init(_ report: StatusReport, file: String? = nil) {
    self.report = report
    self.file = file
  }

  /// A command for one key, as the user has to type it.
  private func command(_ name: String, _ key: String) -> String {
    let key = (key.hasPrefix("-") ? "-- " : "") + key.forShell
    return "rollcall \(name)\(file.map { " --config \($0.forShell)" } ?? "") \(key)"
  }

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
      ("held", .array(report.held.removals.map(json))), ("released", .integer(report.released)),
      ("pinned", .array(report.pinned.map { Self.json($0.key, $0.pin) })),
      ("due", .array(report.due.map(\.json))), ("problems", .array(report.problems.map(Self.json))),
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

  private func json(_ held: HeldSet.Removal) -> JSON {
    .object([
      ("key", .string(held.key.text)), ("action", .string(held.action)), ("dn", .string(held.dn)),
      ("since", .string(held.since)), ("reason", JSON(held.reason)),
      ("release", .string(command("release", held.key.text))),
    ])
  }

  private static func json(_ key: RosterKey, _ pin: RollcallLedger.Pin) -> JSON {
    .object([
      ("key", .string(key.text)), ("because", .string(pin.because)), ("actor", .string(pin.actor)),
      ("since", .string(pin.since)), ("until", JSON(pin.until)), ("removal", JSON(pin.removal?.rawValue)),
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
    if !report.pinned.isEmpty { lines.append(("pinned", "\(report.pinned.count)")) }
    if !report.due.isEmpty { lines.append(("due", "\(counted(report.due.count, "deletion"))")) }
    if report.released > 0 { lines.append(("released", "\(report.released), not done yet")) }
    var text = lines.map { "\(($0 + ":").padded(12))\($1.printable)\n" }.joined()
    text += list(report.problems) { problem in
      "problem \(problem.code.rawValue): \(problem.message)\(problem.fix.map { "; \($0)" } ?? "") "
        + "[since \(problem.since ?? "?")]"
    }
    text += list(report.parked) { parked in
      let next = parked.nextAt.map { "next try \($0)" } ?? "until its cause is removed"
      return
        "parked \(parked.key.excerpt()): \(parked.message.excerpt(Excerpt.sentence)) [\(parked.reason), since \(parked.since), "
        + "\(counted(parked.attempts, "attempt")), \(next)]"
    }
    text += list(report.held.removals) { held in
      let reason = held.reason.map { "\($0), " } ?? ""
      return
        "held \(held.key.text.excerpt()): \(held.action) \(held.dn.excerpt()) [\(reason)since \(held.since)]; "
        + command("release", held.key.text)
    }
    text += list(report.pinned) { key, pin in
      let removal = pin.removal.map { "; \($0.rawValue) waits" } ?? ""
      let end = pin.until.map { "until \($0), " } ?? ""
      return
        "pinned \(key.text.excerpt()): \(pin.because.excerpt()) [\(pin.actor), \(end)since \(pin.since)]\(removal); "
        + command("unpin", key.text)
    }
    text += list(report.due) { due in "due \(due.at): delete \((due.dn ?? "").excerpt()), key \(due.key.excerpt())" }
    return text
  }

  private func list<Item>(_ items: [Item], _ line: (Item) -> String) -> String {
    var text = items.prefix(Self.most).map { line($0).printable + "\n" }.joined()
    if items.count > Self.most { text += "… and \(items.count - Self.most) more: rollcall status --json\n" }
    return text
  }
}

extension String {
  /// The text padded with blanks to a width.
  func padded(_ width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}

extension String {
  /// One word of a POSIX shell.
  fileprivate var forShell: String {
    let isPlain =
      !isEmpty
      && unicodeScalars.allSatisfy { scalar in
        scalar.isASCII
          && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil
            || "-_.,:/@%+=".unicodeScalars.contains(scalar))
      }
    return isPlain ? self : "'" + replacing("'", with: #"'\''"#) + "'"
  }
}
