import Sandbox
import Testing

@Suite(.serialized) struct MetricsTests {
  @Test(
    "metrics of all directories of the database are printed, also while no daemon runs, and promtool has nothing to say"
  )
  func printed() async throws {
    let site = try await House.shared.site()
    let early = try await site.rollcall("metrics")
    #expect(early.code == 69 && early.errors.contains("rollcall install"))
    try await site.install()
    let page = try MetricsText(try await site.succeed("metrics").output)
    #expect(page.samples.map(\.series) == ["rollcall_database_up"], "no directory has been seen yet")
    let second = "ou=second-\(site.name),\(site.directory.usersBase)"
    // Another directory on the same log, kept in step by hand.
    let other = try site.with("name: \(site.name)\n", "name: second\n").with(
      "base: \(site.base)", "base: \(second)")
    try await site.directory.modify(
      "dn: \(second)\nchangetype: add\nobjectClass: organizationalUnit\nou: second-\(site.name)\n")
    let daemon = try await site.start()
    try await soon("it has compared everybody") { try await site.status().lastReconcile != nil }
    try await site.hire(["ada", "grace"])
    try await soon("both are there") { try await site.names() == ["ada", "grace"] }
    try await soon("they are counted") {
      let page = try MetricsText(try await site.succeed("metrics").output)
      return page["rollcall_operations_total", site.name, #"operation="create",result="done""#] == 2
        && page.sum("rollcall_lag_seconds_count") == 2
    }
    let text = try await other.succeed("metrics").output
    let metrics = try MetricsText(text)
    #expect(metrics["rollcall_leader", site.name] == 1 && metrics["rollcall_directory_up", site.name] == 1)
    #expect(metrics["rollcall_managed_entries", site.name] == 2)
    #expect(
      text.contains(#"rollcall_info{directory="\#(site.name)",version="0"#)
        && text.contains(#"kind="openldap",lag="trigger""#))
    for word in ["ada", "grace", "example.com", "ou="] { #expect(!text.contains(word), "\(word) is in the metrics") }

    try await other.succeed("sync")
    try await daemon.kill()
    try await soon("nobody leads") {
      try MetricsText(try await site.succeed("metrics").output)["rollcall_leader", site.name] == 0
    }
    let after = try await site.succeed("metrics").output
    let down = try MetricsText(after)
    #expect(down["rollcall_leader", "second"] == 0 && down["rollcall_directory_up", site.name] == 0)
    #expect(
      down["rollcall_operations_total", site.name, #"operation="create",result="done""#] == 2, "what was counted stays")
    #expect(down["rollcall_reconcile_timestamp_seconds", "second"] ?? 0 > 1_700_000_000)

    let file = try site.folder.write(after, to: "\(site.name).prom")
    let lint = try await Rollcall.shell("promtool check metrics <\(file)")
    #expect(lint.code == 0 && lint.words.isEmpty, "\(lint.words)")

    let lost = try await site.with("port=\(site.postgres.port)", "port=1").rollcall("metrics")
    #expect(lost.code == 69 && lost.output.isEmpty && !lost.errors.isEmpty)
  }
}

/// What `rollcall metrics` has printed.
struct MetricsText {
  struct Sample {
    /// Name and labels, as printed.
    var series: String
    var value: Double
  }

  let samples: [Sample]

  init(_ text: String) throws {
    samples = try text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
      let end = try #require(line.lastIndex(of: " "))
      return Sample(series: String(line[..<end]), value: try #require(Double(line[end...].dropFirst())))
    }
  }

  /// - Parameter labels: those behind the directory's.
  subscript(name: String, directory: String, labels: String = "") -> Double? {
    let series = "\(name){directory=\"\(directory)\"\(labels.isEmpty ? "" : ",")\(labels)}"
    return samples.first { $0.series == series }?.value
  }

  /// All samples of a metric added up.
  func sum(_ name: String) -> Double {
    samples.filter { $0.series.hasPrefix("\(name){") }.reduce(0) { $0 + $1.value }
  }
}
