internal import Histogram

/// One HR write while every row is being changed.
struct UrgentWork {
  let stage: Stage

  func measure(_ report: inout Report) async throws {
    _ = try await stage.startDaemon()
    let observer = Observer(stage: stage)
    let change = try await Bulk(stage: stage).change()
    let isOver = Switch()
    let writes = Task {
      try await blocking {
        try observer.watch(10_000, pause: 20_000, marker: "U\(change.xid)x") { isOver.isSet }
      }
    }
    _ = try await change.settled()
    isOver.set()
    let found = try await writes.value
    report.add(
      "urgent \(stage.size) \(stage.label)", "p95", found.percentile(95), "ms",
      target: stage.isDurable ? "<= 100" : "<= 50",
      method:
        "UPDATEs of one row, 20 ms apart, while the daemon works on an UPDATE of all rows; from the answer to "
        + "COMMIT until a base search shows the value")
    report.add(
      "urgent \(stage.size) \(stage.label)", "max", found.percentile(100), "ms",
      method: "the slowest of these (\(found.totalCount) writes in the first round)")
  }
}
