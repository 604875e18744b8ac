@testable import RollcallPages

/// Pages as they look in a life: empty, normal, in trouble, with a wipe that is held, with fifty directories, and with
/// names that HR should not have typed.
enum Gallery {
  static let now = Everywhere.now

  static let pages: [(name: String, html: String)] = [
    ("now-empty", NowPage(frame([])).html),
    (
      "now-new",
      NowPage(frame([DirectorySummary(name: "main")]), details: details(DirectorySummary(name: "main"), .new)).html
    ),
    ("now-normal", NowPage(frame([well]), details: details(well, .normal)).html),
    ("now-trouble", NowPage(frame([trouble]), details: details(trouble, .outage)).html),
    ("now-held", NowPage(frame([held]), details: details(held, .normal)).html),
    ("now-fifty", NowPage(frame(fifty), cards: fifty.map { card($0, .normal, writes: 1) }).html),
    (
      "now-five",
      NowPage(frame(five), cards: five.map { card($0, $0.leader == nil ? .outage : .normal) }).html
    ),
    ("now-one-of-fifty", NowPage(frame(fifty, "dir-07"), details: details(fifty[6], .normal)).html),
    ("waiting-empty", WaitingPage(frame([well]), lastHeld: now + -2_000_000, lastParked: now + -12 * 86_400).html),
    ("waiting-trouble", GalleryWaiting.trouble.html), ("waiting-200", GalleryWaiting.wipe(200, hasActions: true).html),
    ("waiting-wipe", GalleryWaiting.tooMany.html),
    ("waiting-read-only", GalleryWaiting.wipe(3, hasActions: false).html),
    ("waiting-fifty", GalleryWaiting.fifty.html), ("person-ok", GalleryPeople.inStep.html),
    ("person-blocked", GalleryPeople.blocked.html), ("person-unanswered", GalleryPeople.unanswered.html),
    ("person-hostile", GalleryPeople.hostile.html), ("lookup", LookupPage(frame([well])).html),
    ("lookup-fifty", GalleryPeople.lookup.html), ("history", GalleryHistory.normal.html),
    ("history-empty", HistoryPage(frame([well]), actions: ["create"]).html),
    ("history-filtered", GalleryHistory.filtered.html), ("history-hostile", GalleryHistory.hostile.html),
    ("health-ok", GalleryHealth.well.html), ("health-trouble", GalleryHealth.trouble.html),
    (
      "health-unanswered",
      HealthPage(frame([trouble]), notes: ["The daemon of main has not answered within three seconds."]).html
    ), ("login", LoginPage().html),
    ("login-refused", LoginPage(complaint: "The token is wrong.").html),
    (
      "error",
      ErrorPage(
        frame([well]), status: 404, message: "No directory is called \"amin\".",
        remedy: "Choose one from the menu."
      ).html
    ),
    (
      "error-database",
      ErrorPage(
        status: 503, message: "PostgreSQL does not answer: connection refused.", remedy: "systemctl status postgresql"
      ).html
    ),
  ]

  static func frame(_ directories: [DirectorySummary], _ name: String? = nil, notice: Notice? = nil) -> Frame {
    Frame(
      directories: directories, directory: name ?? (directories.count == 1 ? directories[0].name : nil),
      hasActions: true, formToken: "f0rm", now: now, version: "0.2.0 (commit 0d71dbb2c9a4)", notice: notice)
  }

  static let well = DirectorySummary(
    name: "main", leader: "ldap-sync-1:4711", leaderSince: now + -12 * 86_400, watermarkAge: 1.2, backlog: 0,
    condition: .init("connected"), lastReconcile: now + -30_000, nextReconcile: now + 56_400, parked: 0, pinned: 1)

  static let held = with(well) { $0.held = 200 }

  static let trouble = with(well) {
    $0.leader = nil
    $0.isBehind = true
    $0.watermarkAge = 1260
    $0.condition = .init("unknown", reason: "it was connected when its last leader reported", since: now + -1260)
    $0.parked = 14
    $0.held = 3
    $0.problems = [
      .init(
        "leader", "no process leads this directory: ldap-sync-1:4711 ended unexpectedly", fix: "rollcall run",
        since: now + -1260),
      .init(
        "capture", "changes of the table public.user_roles are not logged: its trigger is missing",
        fix: "SELECT rollcall.watch('public.user_roles', 'user_id')", since: now + -90_000),
      .init(
        "twophase", "max_prepared_transactions is 20, so triggers do not notify and the daemon polls",
        fix: "SET rollcall.notify = on in the sessions of HR", isAdvisory: true),
    ]
  }

  static let fifty: [DirectorySummary] = (1...50).map { number in
    with(well) {
      $0.name =
        number == 23
        ? "partner-organisations-in-the-former-north-western-region" : "dir-\(number < 10 ? "0" : "")\(number)"
      if number == 31 { ($0.held, $0.parked) = (12, 3) }
      if number == 12 { ($0.isBehind, $0.watermarkAge, $0.backlog) = (true, 340, 12_034) }
      if number == 44 { $0.leader = nil }
      if number % 9 == 0 { $0.parked = number }
    }
  }

  static let five: [DirectorySummary] = [
    with(well) { $0.name = "berlin" }, with(trouble) { $0.name = "lisbon" },
    with(fifty[11]) { $0.name = "partner-organisations-in-the-former-north-western-region" },
    with(held) { $0.name = "oslo" }, DirectorySummary(name: "paris"),
  ]

  static func card(_ summary: DirectorySummary, _ kind: Hour, writes: Int = 3) -> NowPage.Card {
    let details = details(summary, summary.condition == nil ? .new : kind)
    var lag = [Int](repeating: 0, count: details.hour.bounds.count + 1)
    for minute in details.hour.minutes { for (place, count) in minute.lag.enumerated() { lag[place] += count } }
    return NowPage.Card(summary, hour: details.hour, lag: lag, writes: Array(details.writes.prefix(writes)))
  }

  static func with<Value>(_ value: Value, _ change: (inout Value) -> Void) -> Value {
    var value = value
    change(&value)
    return value
  }

  enum Hour { case new, normal, outage }

  static func details(_ summary: DirectorySummary, _ kind: Hour) -> NowPage.Details {
    let bounds = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60]
    let shape = [0, 1, 9, 31, 38, 12, 4, 2, 1, 1, 0, 0, 0, 0, 0, 0]
    var minutes: [LastHour.Minute] = []
    if kind != .new {
      for age in (0..<60).reversed() where kind == .normal || age > 21 {
        let writes = 4 + (age * 7919) % 23 + (age == 37 ? 140 : 0)
        let lag = shape.enumerated().map { index, part in
          part * writes / 50 + (kind == .outage && index == 13 && age == 22 ? 6 : 0)
        }
        minutes.append(.init(at: now + -Double(age) * 60, writes: lag.reduce(0, +), lag: lag))
      }
    }
    return NowPage.Details(
      summary, hour: LastHour(bounds: bounds, minutes: minutes, isFromCommit: kind != .outage),
      writes: kind == .new ? [] : Array(GalleryHistory.rows.prefix(20)))
  }
}
