import Foundation
import PageBlocks
import RollcallAdministration
import RollcallCore
import Testing

/// What `rollcall metrics` prints, and whether what is made for it knows its names.
@Suite struct MetricsPageTests {
  private static let names = Set(MetricFamily.all.map(\.name))
  private static let suffixes = ["_bucket", "_sum", "_count"]

  /// The metrics that a text names.
  private func named(in text: String) -> Set<String> {
    Set(
      text.matches(of: #/\brollcall_[a-z_]+/#).map { match in
        let name = String(match.output)
        let suffix = Self.suffixes.first { name.hasSuffix($0) && Self.names.contains(String(name.dropLast($0.count))) }
        return String(name.dropLast(suffix?.count ?? 0))
      })
  }

  @Test("a directory of which nothing is known has every series with 0, and its name is escaped")
  func zeros() throws {
    let text = MetricsPage.text(of: [DirectoryMetrics(name: "a\"b\\c\nd")])
    for family in MetricFamily.all where family.name != "rollcall_follow_pending" {
      #expect(text.contains("# TYPE \(family.name) "))
      let name = #"{directory="a\"b\\c\nd""#
      #expect(
        text.contains("\n\(family.name)\(name)") || text.contains("\n\(family.name)_bucket\(name)"), "\(family.name)")
    }
    #expect(text.contains(#"rollcall_operations_total{directory="a\"b\\c\nd",operation="create",result="done"} 0"#))
    #expect(text.contains(#"rollcall_lag_seconds_bucket{directory="a\"b\\c\nd",priority="retry",le="0.001"} 0"#))
    #expect(text.contains(#"rollcall_drift_total{directory="a\"b\\c\nd",cause="source"} 0"#))
    #expect(text.contains(#"rollcall_held{directory="a\"b\\c\nd",action="takeover"} 0"#))
    #expect(MetricsPage.text(of: []).hasSuffix("\nrollcall_database_up 1\n"))
    #expect(MetricsPage.databaseDown.hasSuffix("\nrollcall_database_up 0\n"))
  }

  @Test("buckets are cumulative, and sum and count fit")
  func histogram() {
    var metrics = DirectoryMetrics(name: "main")
    for lag in [900, 1900, 1900, 7_200_000_000] { metrics.counters.note(lag: lag, .notification) }
    let text = MetricsPage.text(of: [metrics])
    func value(_ suffix: String) -> String? {
      text.split(separator: "\n").first { $0.hasPrefix("rollcall_lag_seconds\(suffix)") }?.split(separator: " ").last
        .map(String.init)
    }
    #expect(value(#"_bucket{directory="main",priority="notification",le="0.001"}"#) == "1")
    #expect(value(#"_bucket{directory="main",priority="notification",le="0.002"}"#) == "3")
    #expect(value(#"_bucket{directory="main",priority="notification",le="3600"}"#) == "3")
    #expect(value(#"_bucket{directory="main",priority="notification",le="+Inf"}"#) == "4")
    #expect(value(#"_count{directory="main",priority="notification"}"#) == "4")
    #expect(value(#"_sum{directory="main",priority="notification"}"#) == "7200.0047")
  }

  @Test("the documentation lists the metrics with their labels, and the alerts")
  func documented() throws {
    let sections = try Page.named("Operations").text.split(separator: "\n## ")
    let page = try #require(sections.first { $0.hasPrefix("Metrics and alerts") })
    let rows = page.split(separator: "\n").filter { $0.hasPrefix("| `rollcall_") }
    #expect(named(in: rows.joined(separator: "\n")) == Self.names)
    let text = MetricsPage.text(of: [Self.full])
    for row in rows {
      let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      let name = cells[0].trimmingCharacters(in: ["`"])
      let line = try #require(
        text.split(separator: "\n").first { $0.hasPrefix("\(name){") || $0.hasPrefix("\(name)_bucket{") })
      let labels = line.matches(of: #/[{,]([a-z_]+)="/#).map { String($0.output.1) }.filter { $0 != "le" }
      #expect(
        Set(labels) == Set(cells[1].matches(of: #/`([a-z_]+)`/#).map { String($0.output.1) } + ["directory"]), "\(name)"
      )
    }
    let rules = try Page("Packaging/monitoring/rollcall.rules.yml").text
    let alerts = rules.matches(of: #/- alert: (\w+)/#).map { String($0.output.1) }
    let told = page.matches(of: #/\| `(Rollcall\w+)` \| (page|ticket)/#).map { String($0.output.1) }
    #expect(alerts == told && alerts.count > 10)
  }

  private static var full: DirectoryMetrics {
    var metrics = DirectoryMetrics(name: "main")
    metrics.followers = [("audit", 1)]
    return metrics
  }

  @Test("rules and dashboard name metrics that exist")
  func names() throws {
    let rules = named(in: try Page("Packaging/monitoring/rollcall.rules.yml").text)
    #expect(rules.isSubset(of: Self.names), "\(rules.subtracting(Self.names))")
    struct Board: Decodable {
      struct Target: Decodable { var expr: String }
      struct Panel: Decodable {
        var id: Int
        var title: String
        var description: String
        var targets: [Target]
      }
      var panels: [Panel]
    }
    let json = try Page("Packaging/monitoring/rollcall-grafana.json").text
    let board = try JSONDecoder().decode(Board.self, from: Data(json.utf8))
    var shown: Set<String> = []
    for panel in board.panels {
      #expect(!panel.title.isEmpty && !panel.description.isEmpty && !panel.targets.isEmpty)
      for target in panel.targets {
        let names = named(in: target.expr)
        #expect(!names.isEmpty && names.isSubset(of: Self.names), "\(panel.title): \(target.expr)")
        shown.formUnion(names)
      }
    }
    #expect(Set(board.panels.map(\.id)).count == board.panels.count)
    #expect(shown == Self.names, "every metric is on the dashboard: \(Self.names.subtracting(shown))")
  }
}
