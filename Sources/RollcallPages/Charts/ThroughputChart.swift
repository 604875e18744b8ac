/// Writes per minute over the last hour; minutes in which no daemon led are gaps.
struct ThroughputChart {
  /// By minute before now, the youngest last; nil is a gap.
  private let minutes: [(at: Moment, writes: Int?)]
  private static let count = 60

  init(_ hour: LastHour, now: Moment) { minutes = ThroughputChart.minutes(hour, now: now) }

  static func minutes(_ hour: LastHour, now: Moment) -> [(at: Moment, writes: Int?)] {
    let last = (now.seconds / 60).rounded(.down) * 60
    var found: [Int: Int] = [:]
    for minute in hour.minutes {
      let age = (last - minute.at.seconds) / 60
      guard age > -1, age < Double(ThroughputChart.count) else { continue }
      found[Int(age.rounded(.up)), default: 0] &+= max(0, minute.writes)
    }
    return (0..<ThroughputChart.count).reversed().map { age in
      (at: Moment(seconds: last - Double(age) * 60), writes: found[age])
    }
  }

  var markup: Markup {
    Chart(
      id: "throughput", title: "Writes per minute, last hour", description: description, drawing: drawing,
      table: table
    ).markup
  }

  private var largest: Int { minutes.compactMap(\.writes).max() ?? 0 }
  private var gaps: Int { minutes.count { $0.writes == nil } }

  private var description: String {
    let total = minutes.compactMap(\.writes).reduce(0, &+)
    let gap = gaps == 0 ? "" : " No daemon led in \(counted(gaps, "minute"))."
    return "\(counted(total, "write")), at most \(largest.grouped) in a minute.\(gap)"
  }

  private var drawing: Markup {
    let ticks = [(0.0, "1 h ago"), (0.25, "45 min"), (0.5, "30 min"), (0.75, "15 min"), (1.0, "now")].map {
      place, label in
      Chart.tick(at: place, label.replacing(" ", with: "\u{A0}"))
    }
    let width = 1 / Double(minutes.count)
    let parts = minutes.enumerated().map { index, minute -> Markup in
      let from = Double(index) * width
      guard let writes = minute.writes else { return ThroughputChart.gap(from, width) }
      if writes == 0 || largest == 0 { return "" }
      return Chart.bar(
        from: from + width * 0.1, width: width * 0.8, height: Double(writes) / Double(largest),
        label: "\(minute.at.hourAndMinute): \(counted(writes, "write"))")
    }
    let nothing: String? =
      if gaps == minutes.count { "No daemon led in the last hour" } else if largest == 0 {
        "Nothing was written in the last hour"
      } else { nil }
    let text: Markup? = nothing.map { nothing in
      """
      <text class="none" x="50%" y="\(point: (Chart.top + Chart.bottom) / 2)" text-anchor="middle">\(nothing)</text>

      """
    }
    let frame = largest == 0 ? Chart.base : Chart.frame(largest: largest, unit: plural(largest, "write"))
    return "\(frame)\(parts)\(text)\(ticks)\(gapLabel)"
  }

  /// A minute without a daemon is not a minute without writes: it has no base line.
  private static func gap(_ from: Double, _ width: Double) -> Markup {
    """
    <rect class="gap" x="\(share: from)" width="\(share: width)" y="\(point: Chart.top)" \
    height="\(point: Chart.bottom - Chart.top)"/>

    """
  }

  /// Says it once, in the longest gap that has room for it.
  private var gapLabel: Markup? {
    if gaps == minutes.count { return nil }
    var longest = 0..<0
    var start: Int?
    for index in 0...minutes.count {
      if index < minutes.count, minutes[index].writes == nil {
        start = start ?? index
      } else if let first = start {
        if index - first > longest.count { longest = first..<index }
        start = nil
      }
    }
    guard longest.count >= 8 else { return nil }
    let middle = Double(longest.lowerBound + longest.upperBound) / 2 / Double(minutes.count)
    return """
      <text class="none" x="\(share: middle)" y="\(point: (Chart.top + Chart.bottom) / 2)" text-anchor="middle">no daemon</text>

      """
  }

  private var table: Table {
    Table(
      caption: "Writes by minute, in UTC",
      columns: [.init("Minute", isHeading: true), .init("Writes", isNumber: true)],
      rows: minutes.reversed().map { minute in
        ["\(minute.at.hourAndMinute)", "\(minute.writes.map(\.grouped) ?? "no daemon")"]
      })
  }
}
