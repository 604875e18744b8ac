/// A chart in a card: bars over a base line, what they say as a caption, and the axis's ends with their units.
struct Spark {
  /// Unique on the page.
  var id: String
  /// What is seen, with its numbers.
  var caption: String
  /// The labels of the axis's ends.
  var ends: (String, String)
  private var bars = ""
  private var gaps = ""
  private var lines = ""

  private static let width = 600.0
  private static let height = 32

  private init(id: String, caption: String, ends: (String, String)) {
    self.id = id
    self.caption = caption
    self.ends = ends
  }

  /// The distribution of lag on a logarithmic axis, with lines at p50 and p99.
  static func lag(_ id: String, _ distribution: LagDistribution) -> Spark {
    let used = distribution.counts.indices.filter { distribution.counts[$0] > 0 }
    guard let first = used.first, let last = used.last, let median = distribution.quantile(0.5),
      let late = distribution.quantile(0.99)
    else { return Spark(id: id, caption: "Lag, last hour: nothing was written", ends: ("1\u{A0}ms", "1\u{A0}min")) }
    let (low, high) = (min(0.001, distribution.ends(first).from), max(60, distribution.ends(last).to))
    var spark = Spark(
      id: id, caption: "Lag, last hour: p50 \(Span.precise(median)), p99 \(Span.precise(late))",
      ends: (Span.precise(low), Span.precise(high)))
    func place(_ seconds: Double) -> Double {
      (Logarithm.ten(max(seconds, low)) - Logarithm.ten(low)) / (Logarithm.ten(high) - Logarithm.ten(low))
    }
    let largest = distribution.counts.max() ?? 1
    for index in used {
      let (from, to) = distribution.ends(index)
      spark.bar(place(from), place(to), Double(distribution.counts[index]) / Double(largest))
    }
    for value in [median, late] { spark.lines += "M\(x(place(value))) 0V\(height)" }
    return spark
  }

  /// Writes by minute, nil where no daemon led.
  static func throughput(_ id: String, _ minutes: [Int?]) -> Spark {
    let known = minutes.compactMap { $0 }
    let largest = known.max() ?? 0
    let ends = ("1\u{A0}h ago", "now")
    if known.isEmpty { return Spark(id: id, caption: "Writes, last hour: no daemon led", ends: ends) }
    var spark = Spark(
      id: id,
      caption: "Writes, last hour: \(known.reduce(0, &+).grouped), at most \(largest.grouped) per minute", ends: ends)
    let width = 1 / Double(max(1, minutes.count))
    for (index, minute) in minutes.enumerated() {
      let from = Double(index) * width
      if let minute {
        if minute > 0 { spark.bar(from, from + width, Double(minute) / Double(largest)) }
      } else {
        spark.gaps += "M\(x(from)) 0h\(x(from + width) - x(from))V\(height)H\(x(from))"
      }
    }
    return spark
  }

  private static func x(_ share: Double) -> Int { Int((min(max(share, 0), 1) * width).rounded()) }

  private mutating func bar(_ from: Double, _ to: Double, _ share: Double) {
    let top = Spark.height - max(2, Int((share * Double(Spark.height - 2)).rounded()))
    let (left, right) = (Spark.x(from), Spark.x(to))
    // What is filled closes by itself.
    bars += "M\(left) \(Spark.height)V\(top)h\(max(1, right - 2 - left))V\(Spark.height)"
  }

  var markup: Markup {
    """
    <figure class="spark"><figcaption id="\(exact: id)">\(caption)</figcaption>
    <svg role="img" aria-labelledby="\(exact: id)" viewBox="0 0 600 32" preserveAspectRatio="none" width="100%" height="32">
    \(path("gap", gaps))\(path("column", bars))\(path("line", lines))<path class="axis" d="M0 32H600"/>
    </svg>
    <p class="ends"><span>\(ends.0)</span> <span>\(ends.1)</span></p></figure>

    """
  }

  private func path(_ name: String, _ drawing: String) -> Markup {
    drawing.isEmpty ? "" : "<path class=\"\(name)\" d=\"\(drawing)\"/>\n"
  }
}
