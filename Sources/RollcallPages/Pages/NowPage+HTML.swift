extension NowPage {
  package var html: String {
    let content: Markup
    if let details {
      content = "\(overview)\(body(details))"
    } else if frame.directories.isEmpty {
      content = """
        <h1>No directory yet</h1>
        \(Shown.empty("""
          Each directory that a daemon works on would be here. None has connected to this database: write a configuration \
          with <code>rollcall init</code> and start <code>rollcall run</code>.
          """))
        """
    } else {
      content = "\(overview)\(allCards)"
    }
    return Layout(
      title: frame.directory ?? "Now", place: .now, frame: frame, refresh: 5, content: content
    ).html
  }

  /// So many are shown at once; of more, those in step are behind a fold.
  private static let most = 12

  /// With several directories a table of all comes first, the worst on top.
  private var overview: Markup {
    guard frame.directories.count > 1, frame.directory == nil else { return "" }
    let ranked = frame.ranked
    let well = ranked.filter { $0.standing.level == .well }
    let isFolded = ranked.count > NowPage.most && !well.isEmpty
    let first = isFolded ? ranked.filter { $0.standing.level != .well } : ranked
    let table = first.isEmpty ? "" : self.table(of: first, "All directories, the worst first")
    let rest: Markup =
      isFolded
      ? """
      <details class="fold" id="well"><summary>\(counted(well.count, "directory", "directories")) in step</summary>
      \(self.table(of: well, "Directories in step"))
      </details>

      """ : ""
    return """
      <h1 class="sentence \(frame.overall.level.name)">\(frame.overall.words.prefix(1).uppercased())\
      \(String(frame.overall.words.dropFirst()))</h1>
      <section class="overview">\(table)\(rest)</section>

      """
  }

  /// A card for each directory, in the table's order and behind a fold where the table is.
  private var allCards: Markup {
    let known = Dictionary(cards.map { ($0.summary.name, $0) }) { first, _ in first }
    let ranked = frame.ranked.compactMap { known[$0.name] }
    if ranked.isEmpty { return "" }
    let markups = ranked.enumerated().map { place, card in
      (isWell: card.summary.standing.level == .well, DirectoryCard(card: card, number: place, frame: frame).markup)
    }
    let isFolded = ranked.count > NowPage.most
    let first = markups.filter { !isFolded || !$0.isWell }.map(\.1)
    let rest = markups.filter { isFolded && $0.isWell }.map(\.1)
    let shown: Markup = first.isEmpty ? "" : "<div class=\"cards\">\n\(first)</div>\n"
    let folded: Markup =
      rest.isEmpty
      ? ""
      : """
      <details class="fold" id="well-cards"><summary>Lag and writes of \(counted(rest.count, "directory", "directories")) \
      in step</summary>
      <div class="cards">
      \(rest)</div>
      </details>

      """
    return "<section aria-labelledby=\"each\">\n<h2 id=\"each\">Each directory</h2>\n\(shown)\(folded)</section>\n"
  }

  private func table(of directories: [DirectorySummary], _ caption: String) -> Markup {
    Table(
      caption: caption,
      columns: [
        .init("Directory", isHeading: true), .init("State"), .init("Last in step"), .init("Parked", isNumber: true),
        .init("Held", isNumber: true), .init("Leader"),
      ],
      rows: directories.map { directory in
        let standing = directory.standing
        return [
          "<a href=\"\(exact: Address.page("/", ["directory": directory.name]))\"><b>\(directory.name)</b></a>",
          """
          <span class="state \(standing.level.name)">\(Mark(standing.level).markup) <span>\(standing.words)</span></span>
          """,
          Shown.time(directory.watermarkAge.map { frame.now + -$0 }, frame.now, otherwise: "never"),
          NowPage.count(directory.parked), NowPage.count(directory.held),
          "\(directory.leader.map(Shown.name) ?? "<span class=\"quiet\">nobody</span>")",
        ]
      }
    ).markup
  }

  private static func count(_ number: Int) -> Markup {
    number == 0 ? "<span class=\"quiet\">0</span>" : "<b>\(DirectorySummary.number(number))</b>"
  }

  private func body(_ details: Details) -> Markup {
    let summary = details.summary
    let standing = summary.standing
    let level: Markup = frame.directories.count > 1 && frame.directory == nil ? "h2" : "h1"
    let name: Markup? = frame.directories.count > 1 ? "<p class=\"of\">\(summary.name)</p>\n" : nil
    return """
      <section class="now" aria-label="\(summary.name)">
      \(name)<\(level) class="sentence \(standing.level.name)" data-live>\(summary.sentence)</\(level)>
      <p class="sub">\(NowPage.subtitle(summary, frame.now))</p>
      \(decide(summary))\(problems(summary))\(figures(details))<div class="charts">
      \(LagChart(details.hour).markup)\(ThroughputChart(details.hour, now: frame.now).markup)</div>
      \(writes(details))</section>

      """
  }

  /// The way to what waits for a decision.
  private func decide(_ summary: DirectorySummary) -> Markup? {
    if summary.held == 0 { return nil }
    let address = Address.page("/waiting", ["directory": summary.name])
    let what = summary.held == 1 ? "what is held" : "the \(DirectorySummary.number(summary.held)) that are held"
    return "<p class=\"way\"><a href=\"\(exact: address)\">Decide about \(what)</a></p>\n"
  }

  /// What a second look is for: leader, comparison.
  static func subtitle(_ summary: DirectorySummary, _ now: Moment) -> Markup {
    var parts: [Markup] = []
    if let age = summary.watermarkAge { parts.append("Last in step \(Shown.time(now + -age, now))") }
    if let leader = summary.leader {
      let since: Markup = summary.leaderSince.map { " since \($0.markup(now))" } ?? ""
      parts.append("led by \(Shown.name(leader))\(since)")
    }
    parts.append(summary.lastReconcile.map { "compared in full \($0.markup(now))" } ?? "never compared in full")
    // The time of one that is under way has come.
    if let next = summary.nextReconcile, next > now { parts.append("next time \(next.markup(now))") }
    if let condition = summary.condition, let reason = condition.reason {
      let since: Markup = condition.since.map { " since \($0.markup(now))" } ?? ""
      parts.append("\(condition.state)\(since): \(reason)")
    }
    var text: Markup = ""
    for (index, part) in parts.enumerated() { text = index == 0 ? part : "\(text) · \(part)" }
    return text
  }

  private func problems(_ summary: DirectorySummary) -> Markup {
    let items = summary.problems.map { problem -> Markup in
      let mark: Mark = problem.isAdvisory ? .wait : .alert
      let since: Markup = problem.since.map { " <span class=\"quiet\">\($0.markup(frame.now))</span>" } ?? ""
      return """
        <li class="\(problem.isAdvisory ? "warning" : "failed")">\(mark.markup)<div>
        <p><b>\(problem.code)</b> \(problem.message)\(since)</p>
        \(Shown.fix(problem.fix))</div></li>

        """
    }
    return items.isEmpty ? "" : "<ul class=\"problems\" aria-label=\"Problems\">\n\(items)</ul>\n"
  }

  private func figures(_ details: Details) -> Markup {
    let distribution = LagDistribution(details.hour)
    let summary = details.summary
    let total = details.hour.minutes.reduce(0) { $0 &+ max(0, $1.writes) }
    let perMinute = details.hour.minutes.isEmpty ? nil : Double(total) / Double(details.hour.minutes.count)
    let waiting = Address.page("/waiting", ["directory": summary.name])
    func lag(_ share: Double) -> Markup {
      "\(distribution.quantile(share).map(Span.precise) ?? "–")"
    }
    func link(_ count: Int) -> Markup {
      count == 0 ? "0" : "<a href=\"\(exact: waiting)\">\(DirectorySummary.number(count))</a>"
    }
    let rate = perMinute.map { decimal($0, $0 < 10 ? 1 : 0) } ?? "–"
    return """
      <dl class="figures">
      <div><dt>Lag, last hour</dt><dd>\(lag(0.5)) <small>p50</small> <span class="more">\(lag(0.99)) <small>p99</small></span></dd></div>
      <div><dt>Writes per minute</dt><dd>\(rate)</dd></div>
      <div class="\(summary.parked > 0 ? "waiting" : "")"><dt>Parked</dt><dd>\(link(summary.parked))</dd></div>
      <div class="\(summary.held > 0 ? "trouble" : "")"><dt>Held</dt><dd>\(link(summary.held))</dd></div>
      </dl>

      """
  }

  private func writes(_ details: Details) -> Markup {
    let all = Address.page("/history", ["directory": details.summary.name])
    let list: Markup =
      details.writes.isEmpty
      ? Shown.empty("The last writes to the directory would appear here. The journal has none.")
      : """
      \(JournalList(rows: details.writes, frame: frame).markup)<p><a href="\(exact: all)">All of the history</a></p>

      """
    return "<h2>Last writes</h2>\n\(list)"
  }
}
