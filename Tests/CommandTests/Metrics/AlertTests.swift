import Foundation
import Sandbox
import Testing

/// The alert rules against what a daemon in trouble really says: each condition is provoked, `rollcall metrics` is read, and
/// `promtool test rules` is given series made of that.
@Suite(.serialized) struct AlertTests {
  private static let rules = "Packaging/monitoring/rollcall.rules.yml"

  @Test func theRulesAreRules() async throws {
    let ran = try await Rollcall.shell("cd \(Repository.root) && promtool check rules \(Self.rules)")
    #expect(ran.code == 0, "\(ran.words)")
  }

  @Test("every alert fires in its trouble, and none while all is well")
  func alerts() async throws {
    let run = try await TroubledRun.make()
    let (well, troubled) = try await run.withDaemonInTrouble()
    let abandoned = try await run.abandon()
    let down = "# TYPE rollcall_database_up gauge\nrollcall_database_up 0\n"
    let series = AlertSeries()
    let tests = [
      series.test("well", from: [well], at: [40: [], 120: []]),
      series.test(
        "trouble", from: [well, troubled.first, troubled.second],
        at: [
          40: [
            "RollcallBehind", "RollcallChangedByOthers", "RollcallConnectionsLost", "RollcallDirectoryDown",
            "RollcallFollowerBehind", "RollcallManyParked", "RollcallNotificationsMissed", "RollcallRemovalsHeld",
            "RollcallUnloggedChanges",
          ],
          100: [
            "RollcallBehind", "RollcallChangedByOthers", "RollcallComparisonOld", "RollcallDirectoryDown",
            "RollcallFollowerBehind", "RollcallManyParked", "RollcallParked", "RollcallRemovalsHeld",
            "RollcallTakeoversHeld",
            "RollcallUnloggedChanges",
          ],
        ]),
      series.test(
        "abandoned", from: [abandoned], at: [60: ["RollcallLogGrows", "RollcallNobodyLeads"]],
        among: ["LogGrows", "NobodyLeads"]),
      series.test("database down", from: [down], at: [60: ["RollcallDatabaseDown"]]),
      series.test("nothing", from: [], at: [60: ["RollcallNoMetrics"]]),
    ]
    let text = """
      rule_files: [\(Repository.root)/\(Self.rules)]
      evaluation_interval: 1m
      tests:
      \(tests.joined())
      """
    let file = try run.site.folder.write(text, to: "\(run.site.name).alerts.yml")
    let ran = try await Rollcall.shell("promtool test rules \(file)")
    #expect(ran.code == 0, "\(ran.words.prefix(4000))")
    let all = try Repository.text(of: Self.rules).matches(of: #/- alert: (\w+)/#).map { String($0.output.1) }
    for alert in all { #expect(text.contains("alertname=\"\(alert)\""), "\(alert) is tested") }
  }
}

/// Turns pages of metrics into series for promtool, whose clock begins at 0.
private struct AlertSeries {
  /// - Parameters:
  ///   - pages: the first holds for ten minutes, the last from then on; times that differ between the second and the
  ///     third go on, the others stand still. Times of a single page go on where they are the present.
  ///   - expected: the alerts that fire, by minute.
  ///   - among: parts of the names of alerts that are asked for; nil for all.
  func test(_ name: String, from pages: [String], at expected: [Int: [String]], among: [String]? = nil) -> String {
    let parsed = pages.map { (try? MetricsText($0).samples) ?? [] }
    var lines = ""
    let now = parsed.map { samples in
      samples.filter { $0.series.hasPrefix("rollcall_") && $0.series.contains("_timestamp_seconds") }.map(\.value).max()
        ?? 0
    }
    for sample in parsed.first ?? [] {
      let values = parsed.map { page in page.first { $0.series == sample.series }?.value ?? 0 }
      lines += "      - { series: '\(sample.series)', values: '\(run(sample.series, values, now))' }\n"
    }
    for sample in parsed.dropFirst().first ?? [] where parsed[0].allSatisfy({ $0.series != sample.series }) {
      lines += "      - { series: '\(sample.series)', values: '_x10 \(number(sample.value))x180' }\n"
    }
    let filter = among.map { ",alertname=~\"Rollcall(\($0.joined(separator: "|")))\"" } ?? ""
    var tests = ""
    for (minute, alerts) in expected.sorted(by: { $0.key < $1.key }) {
      let samples = alerts.sorted().map { "{ labels: '{alertname=\"\($0)\"}', value: 1 }" }.joined(separator: ", ")
      tests += """
            - expr: group by (alertname) (ALERTS{alertstate="firing"\(filter)})
              eval_time: \(minute)m
              exp_samples: [\(samples)]

        """
    }
    let input = lines.isEmpty ? "    input_series: []\n" : "    input_series:\n\(lines)"
    return "  - name: \(name)\n    interval: 1m\n\(input)    promql_expr_test:\n\(tests)"
  }

  private func run(_ series: String, _ values: [Double], _ now: [Double]) -> String {
    guard series.contains("_timestamp_seconds") else {
      return values.count > 1
        ? "\(number(values[0]))x10 \(number(values[values.count - 1]))x180" : "\(number(values[0]))x180"
    }
    // As ages, by the time of the test.
    let ages = zip(values, now).map { $1 - $0 }
    let isPresent = ages[0] < 120
    guard values.count > 2 else { return "\(number(-ages[0]))\(isPresent ? "+60" : "+0")x180" }
    let goesOn = values[2] > values[1]
    let start = 11 * 60 - ages[1]
    return "\(number(-ages[0]))\(isPresent ? "+60" : "+0")x10 \(number(start))\(goesOn ? "+60" : "+0")x180"
  }

  private func number(_ value: Double) -> String { String(format: "%.3f", value) }
}
