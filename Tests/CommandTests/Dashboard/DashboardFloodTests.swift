import Foundation
import Sandbox
import Testing

/// Somebody asks for pages without a pause, on the machine of the daemon.
@Suite struct DashboardFloodTests {
  private func dashboard() async throws -> DashboardSite {
    let site = try await House.shared.site()
    try await site.install()
    return try await DashboardSite.start(of: site, viewer: try await site.viewer())
  }

  @Test("Pages that are asked for faster than twenty a second wait, and then are refused; the rest goes on")
  func pages() async throws {
    let dashboard = try await dashboard().loggedIn()
    let replies = try await withThrowingTaskGroup { group in
      for _ in 0..<200 { group.addTask { try await dashboard.get("/") } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    let refused = replies.filter { $0.status == 429 }
    #expect(replies.count { $0.status == 200 } >= 40)
    #expect(!refused.isEmpty && refused.allSatisfy { $0["retry-after"] == "1" && $0.body.contains("Try again") })
    #expect(replies.allSatisfy { [200, 429].contains($0.status) })
    #expect(try await dashboard.get("/healthz").status == 200)
    try await soon("pages are shown again") {
      try await dashboard.get("/").status
    } is: {
      $0 == 200
    }
    #expect(try dashboard.memory().most < 100)
  }

  @Test("What answers requests has a lower priority than the daemon")
  func priority() async throws {
    let dashboard = try await dashboard().loggedIn()
    let before = try ticks(of: dashboard)
    for _ in 0..<30 { #expect(try await dashboard.get("/").status == 200) }
    let after = try ticks(of: dashboard)
    let (low, other) = (after.low - before.low, after.other - before.other)
    #expect(low > 0 && low > 4 * other, "\(low) and \(other) ticks")
  }

  /// The processor's time of the threads whose niceness is 10, and of the others (proc(5), fields 14, 15 and 19).
  private func ticks(of dashboard: DashboardSite) throws -> (low: Int, other: Int) {
    let folder = "/proc/\(dashboard.process.pid)/task"
    var sum = (low: 0, other: 0)
    for thread in try FileManager.default.contentsOfDirectory(atPath: folder) {
      // It may have ended.
      guard let text = try? Readable.text(of: "\(folder)/\(thread)/stat"), let end = text.lastIndex(of: ")") else {
        continue
      }
      let fields = text[text.index(after: end)...].split(separator: " ").map { Int($0) ?? 0 }
      let used = fields[11] + fields[12]
      if fields[16] == 10 { sum.low += used } else { sum.other += used }
    }
    return sum
  }
}
