/// The distribution of lag on a logarithmic axis, with the median and the 99th percentile.
struct LagChart {
  private let distribution: LagDistribution
  private let isFromCommit: Bool
  /// Powers of ten of a second, at the ends of the axis.
  private let from: Double
  private let to: Double

  init(_ hour: LastHour) {
    let distribution = LagDistribution(hour)
    self.distribution = distribution
    isFromCommit = hour.isFromCommit
    let used = distribution.counts.indices.filter { distribution.counts[$0] > 0 }
    let low = used.first.map { distribution.ends($0).from } ?? 0.001
    let high = used.last.map { distribution.ends($0).to } ?? 60
    from = min(-3, max(-9, Logarithm.ten(low).rounded(.down)))
    to = max(2, min(9, Logarithm.ten(high)))
  }

  var markup: Markup {
    let beginning = isFromCommit ? "commit" : "change"
    return Chart(
      id: "lag", title: "Lag from \(beginning) to the directory’s answer, last hour", description: description,
      drawing: drawing, table: table
    ).markup
  }

  private func place(_ seconds: Double) -> Double {
    guard seconds > 0 else { return 0 }
    return min(1, max(0, (Logarithm.ten(seconds) - from) / (to - from)))
  }

  private var description: String {
    guard let median = distribution.quantile(0.5), let late = distribution.quantile(0.99) else {
      return "Nothing was written in the last hour."
    }
    return "\(counted(distribution.total, "write")): half of them took less than \(Span.precise(median)), "
      + "99 % less than \(Span.precise(late))."
  }

  private var drawing: Markup {
    let largest = distribution.counts.max() ?? 0
    let ticks = LagChart.ticks.filter { $0.exponent >= from - 0.001 && $0.exponent <= to + 0.001 }.map { tick in
      Chart.tick(at: (tick.exponent - from) / (to - from), tick.label)
    }
    if largest == 0 {
      return """
        \(Chart.base)\(ticks)
        <text class="none" x="50%" y="\(point: (Chart.top + Chart.bottom) / 2)" text-anchor="middle">\
        Nothing was written in the last hour</text>
        """
    }
    let bars = distribution.counts.indices.map { index -> Markup in
      let count = distribution.counts[index]
      if count == 0 { return "" }
      let (from, to) = distribution.ends(index)
      let (left, right) = (place(from), place(to))
      return Chart.bar(
        from: left + 0.001, width: max(0.004, right - left - 0.002), height: Double(count) / Double(largest),
        label: "\(words(index)): \(counted(count, "write"))")
    }
    return """
      \(Chart.frame(largest: largest, unit: plural(largest, "write")))
      \(bars)\(ticks)\(line(0.5, "p50", isHigh: true))\(line(0.99, "p99", isHigh: false))
      """
  }

  /// - Parameter isHigh: of two labels one stands above the other, so that neither hides the other.
  private func line(_ share: Double, _ name: String, isHigh: Bool) -> Markup {
    guard let value = distribution.quantile(share) else { return "" }
    let place = place(value)
    let isLeft = place > 0.75
    let y = isHigh ? 10.0 : 24.0
    // The largest value's number has the lower left corner.
    let label = "\(name) \(Span.precise(value))"
    return """
      <line class="line" x1="\(share: place)" x2="\(share: place)" y1="\(point: y - 8)" y2="\(point: Chart.bottom)"/>
      <text class="label" x="\(share: place)" dx="\(isLeft ? "-5" : "5")" y="\(point: y)" \
      text-anchor="\(isLeft ? "end" : "start")">\(label)</text>

      """
  }

  private static let ticks: [(exponent: Double, label: String)] = [
    (-6, "1 µs"), (-5, "10 µs"), (-4, "0.1 ms"), (-3, "1 ms"), (-2, "10 ms"), (-1, "100 ms"), (0, "1 s"), (1, "10 s"),
    (Logarithm.ten(60), "1 min"), (Logarithm.ten(600), "10 min"), (Logarithm.ten(3600), "1 h"),
    (Logarithm.ten(36_000), "10 h"),
  ].map { (exponent: $0.0, label: $0.1.replacing(" ", with: "\u{A0}")) }

  private func words(_ index: Int) -> String {
    let (from, to) = distribution.ends(index)
    if index == distribution.bounds.count { return "more than \(Span.precise(from))" }
    return index == 0 ? "up to \(Span.precise(to))" : "\(Span.precise(from)) to \(Span.precise(to))"
  }

  private var table: Table {
    let used = distribution.counts.indices.filter { distribution.counts[$0] > 0 }
    guard let first = used.first, let last = used.last else {
      return Table(caption: "Writes by their lag", columns: [.init("Lag"), .init("Writes")], rows: [])
    }
    return Table(
      caption: "Writes by their lag",
      columns: [.init("Lag", isHeading: true), .init("Writes", isNumber: true)],
      rows: (first...last).map { ["\(words($0))", "\(distribution.counts[$0].grouped)"] })
  }
}
