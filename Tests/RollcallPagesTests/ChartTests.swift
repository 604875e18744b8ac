import Testing

@testable import RollcallPages

@Suite struct ChartTests {
  private static let bounds = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60]
  private static let now = Everywhere.now

  private static func hour(_ counts: [Int: Int], minutes: [Int: Int] = [:], bounds: [Double] = bounds) -> LastHour {
    var lag = [Int](repeating: 0, count: bounds.count + 1)
    for (index, count) in counts { lag[index] = count }
    var rows = minutes.map { age, writes in
      LastHour.Minute(at: now + -Double(age) * 60, writes: writes, lag: [])
    }
    rows.append(.init(at: now, writes: minutes[0] ?? 0, lag: lag))
    return LastHour(bounds: bounds, minutes: rows.sorted { $0.at < $1.at }, isFromCommit: true)
  }

  private func places(_ svg: String, _ name: String) -> [(x: Double, width: Double?)] {
    HTMLTag.all(in: svg).filter { $0["class"] == name }.map { tag in
      func share(_ text: String?) -> Double? { text.flatMap { Double($0.filter { $0 != "%" }) } }
      return (x: share(tag["x"] ?? tag["x1"]) ?? -1, width: share(tag["width"]))
    }
  }

  @Test func noData() {
    let empty = LastHour(bounds: Self.bounds, minutes: [], isFromCommit: false)
    let lag = LagChart(empty).markup.html
    #expect(lag.contains("Nothing was written in the last hour"))
    #expect(lag.contains("Lag from change to"))
    #expect(places(lag, "column").isEmpty && places(lag, "line").isEmpty)
    let throughput = ThroughputChart(empty, now: Self.now).markup.html
    #expect(throughput.contains("No daemon led in the last hour"))
    #expect(places(throughput, "gap").count == 60)
    let none = LastHour(bounds: [], minutes: [], isFromCommit: true)
    #expect(LagChart(none).markup.html.contains("Nothing was written"))
  }

  @Test func oneValue() throws {
    let svg = LagChart(Self.hour([4: 1])).markup.html
    let column = try #require(places(svg, "column").first)
    #expect(places(svg, "column").count == 1)
    let lines = places(svg, "line")
    #expect(lines.count == 2)
    for line in lines { #expect(line.x >= column.x - 0.2 && line.x <= column.x + (column.width ?? 0) + 0.2) }
    #expect(svg.contains("p50 14\u{A0}ms") && svg.contains("p99 20\u{A0}ms"))
    #expect(svg.contains("1 write: half of them") == false)
    #expect(svg.contains("1\u{A0}write: half of them took less than 14\u{A0}ms"))
  }

  @Test func theAxisHasItsUnits() {
    let svg = LagChart(Self.hour([4: 1])).markup.html
    let labels = HTMLTag.all(in: svg).filter { $0["class"] == "tick" }.map { $0.text.replacing("\u{A0}", with: " ") }
    #expect(labels == ["1 write", "1 ms", "10 ms", "100 ms", "1 s", "10 s", "1 min"])
  }

  @Test func quantiles() throws {
    let distribution = LagDistribution(Self.hour([3: 50, 6: 49, 9: 1]))
    #expect(distribution.total == 100)
    let median = try #require(distribution.quantile(0.5))
    #expect(median <= 0.01 && median > 0.009)
    let late = try #require(distribution.quantile(0.99))
    #expect(late <= 0.1 && late > 0.09)
    #expect(try #require(distribution.quantile(1)) <= 1)
    #expect(LagDistribution(Self.hour([15: 3])).quantile(0.5) == 60)
  }

  @Test(arguments: [
    [0: Int.max, 1: Int.max, 15: Int.max], [0: -5, 3: 2], [15: 1], [0: 1], [0: 1, 15: 1],
  ])
  func extremesStayInThePicture(counts: [Int: Int]) {
    let hour = Self.hour(counts, minutes: [0: Int.max, 1: Int.max, 30: -1])
    let lag = LagChart(hour).markup.html
    let throughput = ThroughputChart(hour, now: Self.now).markup.html
    for svg in [lag, throughput] {
      #expect(!svg.contains("nan") && !svg.contains("inf"))
      for (x, width) in places(svg, "column") + places(svg, "line") + places(svg, "tick") {
        #expect(x >= 0 && x + (width ?? 0) <= 100.01)
      }
      for tag in HTMLTag.all(in: svg) where tag["class"] == "column" {
        let (y, height) = (Double(tag["y"] ?? "") ?? -1, Double(tag["height"] ?? "") ?? -1)
        #expect(y >= Chart.top - 0.1 && height >= 0 && y + height <= Chart.bottom + 0.1)
      }
    }
  }

  @Test(arguments: [[.nan, 1], [.infinity], [-1, 0, 1], [1e-300, 1e300], [1, 1, 1], []] as [[Double]])
  func boundsThatAreNone(bounds: [Double]) {
    let minute = LastHour.Minute(at: Self.now, writes: 1, lag: Array(repeating: 3, count: bounds.count + 1))
    let svg = LagChart(LastHour(bounds: bounds, minutes: [minute], isFromCommit: true)).markup.html
    #expect(!svg.contains("nan") && !svg.contains("inf"))
    for (x, width) in places(svg, "column") + places(svg, "line") { #expect(x >= 0 && x + (width ?? 0) <= 100.5) }
  }

  /// The daemon was away for ten minutes: that is not ten minutes without a write.
  @Test func gapsAreGaps() {
    var minutes: [Int: Int] = [:]
    for age in 0..<60 where !(20..<30).contains(age) { minutes[age] = age % 7 }
    let svg = ThroughputChart(Self.hour([:], minutes: minutes), now: Self.now).markup.html
    #expect(places(svg, "gap").count == 10)
    #expect(svg.contains(">no daemon</text>"))
    #expect(svg.contains("No daemon led in 10\u{A0}minutes."))
    let values = minutes.values.count { $0 > 0 }
    #expect(places(svg, "column").count == values)
    #expect(svg.contains("6 writes"))
  }

  @Test func minutesOfYesterdayAreLeftOut() {
    let svg = ThroughputChart(Self.hour([:], minutes: [1500: 9, 60: 9, 59: 2]), now: Self.now).markup.html
    #expect(places(svg, "column").count == 1)
    #expect(svg.contains("2\u{A0}writes, at most 2 in a minute"))
  }

  @Test func theSameNumbersAreInATable() {
    let html = LagChart(Self.hour([3: 50, 5: 1])).markup.html
    let cells = HTMLTag.all(in: html).filter { $0.name == "td" && !$0.isEnd }.map {
      $0.text.replacing("\u{A0}", with: " ")
    }
    #expect(cells == ["5 ms to 10 ms", "50", "10 ms to 20 ms", "0", "20 ms to 50 ms", "1"])
  }
}
