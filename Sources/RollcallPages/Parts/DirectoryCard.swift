/// One of several directories on the page Now.
struct DirectoryCard {
  var card: NowPage.Card
  /// Unique on the page.
  var number: Int
  var frame: Frame

  var markup: Markup {
    let summary = card.summary
    let standing = summary.standing
    let hour = card.hour
    let address = Address.page("/", ["directory": summary.name])
    return """
      <article class="card \(standing.level.name)">
      <h3><a href="\(exact: address)">\(summary.name)</a></h3>
      <p class="state \(standing.level.name)">\(Mark(standing.level).markup) <span>\(summary.sentence)</span></p>
      \(Spark.lag("lag-\(number)", LagDistribution(bounds: hour.bounds, counts: card.lag)).markup)\
      \(Spark.throughput("writes-\(number)", ThroughputChart.minutes(hour, now: frame.now).map(\.writes)).markup)\
      <p class="sub">\(numbers)</p>
      <p class="sub">\(NowPage.subtitle(summary, frame.now))</p>
      \(latest)</article>

      """
  }

  /// What is under way, and what waits.
  private var numbers: Markup {
    let summary = card.summary
    let queue = summary.backlog.map { counted($0, "change") + " to go" } ?? "everybody to be compared"
    let waiting = [(summary.parked, "parked"), (summary.held, "held"), (summary.pinned, "pinned")].map { count, word in
      "\(DirectorySummary.number(count))\u{A0}\(word)"
    }
    return "\(([queue] + waiting).joined(separator: " · "))"
  }

  private var latest: Markup {
    if card.writes.isEmpty { return "<p class=\"empty\">The journal has no writes.</p>\n" }
    let items = card.writes.map { row -> Markup in
      let who: Markup? = row.key.map { " \(Shown.person($0, row.directory))" }
      return "<li><span class=\"when\">\(row.at.markup(frame.now))</span> \(JournalWords(row).summary)\(who)</li>\n"
    }
    return "<ol class=\"latest\" aria-label=\"Last writes\">\n\(items)</ol>\n"
  }
}
