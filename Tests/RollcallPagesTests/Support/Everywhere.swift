@testable import RollcallPages

/// All pages, with one text in each place that takes one.
struct Everywhere {
  var text: String
  var hasActions = true

  static let now = Moment(seconds: 1_795_770_000)

  var summary: DirectorySummary {
    DirectorySummary(
      name: text, leader: text, leaderSince: Everywhere.now + -100, watermarkAge: 3, backlog: 2,
      condition: .init(text, reason: text, since: Everywhere.now + -50), lastReconcile: Everywhere.now + -5000,
      nextReconcile: Everywhere.now + 5000, parked: 2, held: 2, pinned: 1, due: 1,
      problems: [.init(text, text, fix: text, since: Everywhere.now), .init(text, text, fix: text, isAdvisory: true)])
  }

  var frame: Frame {
    var other = summary
    // Behind all others in the menu.
    other.name = "\u{10FFFD}"
    return Frame(
      directories: [summary, other], directory: text, hasActions: hasActions, formToken: text, now: Everywhere.now,
      version: text, notice: Notice(.failed, text))
  }

  var rows: [JournalRow] {
    ["done", "refused", "intended", "unknown", text].enumerated().map { index, outcome in
      JournalRow(
        id: index, at: Everywhere.now + -Double(index), directory: text, key: text, dn: text, newDN: text,
        action: index == 0 ? "update" : text, outcome: outcome, cause: text, xid: text, lagMilliseconds: 12,
        changes: [
          .init(text, removed: [.text(text), .digest(sha256: text, size: 5), .hidden], added: [.text(text)]),
          .init(text, removed: nil, added: nil), .init(text, removed: [], added: [], isErased: true),
        ], code: 50, message: text, actor: text, because: text, isUndoable: true)
    }
  }

  var item: WaitingPage.Held.Item { .init(key: text, action: text, dn: text, since: Everywhere.now, reason: text) }
  var parked: WaitingPage.Parked {
    .init(directory: text, key: text, reason: text, code: 65, message: text, attempts: 3, since: Everywhere.now)
  }
  var pin: WaitingPage.Pin {
    .init(directory: text, key: text, because: text, actor: text, since: Everywhere.now, removal: text)
  }

  var explained: PersonPage.Explained {
    .init(.blocked, summary: text, steps: [.init(text, .error, text, ldif: text)], next: text)
  }

  func person(_ answer: PersonPage.Answer) -> PersonPage {
    PersonPage(
      frame, directory: text, key: text, dn: text, name: text, answer: answer,
      sides: [.init(text, row: [text], entry: ["other"]), .init(text, row: nil, entry: [text])],
      columns: [.init(text, text), .init(text, nil)], pin: pin, parked: parked, held: [item], timeline: rows,
      hasMore: true)
  }

  var pages: [(name: String, html: String)] {
    var filter = HistoryPage.Filter()
    filter.key = text
    filter.dn = text
    filter.xid = text
    filter.action = text
    filter.since = text
    let held = WaitingPage.Held(
      directory: text, set: text, items: Array(repeating: item, count: 12), managed: 1000, ldif: text)
    var unpinned = person(.unanswered(text))
    unpinned.pin = nil
    var all = frame
    all.directory = nil
    let hour = LastHour(
      bounds: [0.01, 0.1], minutes: [.init(at: Everywhere.now, writes: 3, lag: [1, 2, 0])], isFromCommit: true)
    return [
      ("now", NowPage(frame, details: .init(summary, hour: hour, writes: rows)).html),
      ("cards", NowPage(all, cards: all.directories.map { .init($0, hour: hour, lag: [1, 2, 0], writes: rows) }).html),
      ("all waiting", WaitingPage(all, held: [held], parked: [parked], pins: [pin]).html),
      ("all history", HistoryPage(all, filter: filter, actions: [text], rows: rows).html),
      (
        "waiting",
        WaitingPage(
          frame, held: [held], parked: [parked], pins: [pin],
          due: [.init(directory: text, key: text, dn: text, at: Everywhere.now)]
        ).html
      ),
      ("person", person(.explained(explained)).html), ("unanswered", unpinned.html),
      (
        "lookup",
        LookupPage(frame, find: text, matches: [.init(directory: text, key: text, dn: text)]).html
      ),
      ("lookup complaint", LookupPage(frame, find: text, complaint: text).html),
      ("history", HistoryPage(frame, filter: filter, actions: [text], rows: rows, before: 7).html),
      ("history complaint", HistoryPage(frame, filter: filter, complaint: text).html),
      (
        "health",
        HealthPage(
          frame, findings: [.init(.error, text, text, remedy: text), .init(.ok, text, text)],
          facts: [.init(text, text)],
          configurations: [.init(text, text)], notes: [text]
        ).html
      ), ("login", LoginPage(complaint: text, next: text, formToken: text).html),
      ("error", ErrorPage(frame, status: 500, message: text, remedy: text).html),
    ]
  }
}
