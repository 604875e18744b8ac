internal import Sandbox

/// A storm while the daemon is down: every row is changed five times.
struct CatchUpWork {
  private static let times = 5

  let stage: Stage

  func measure(_ report: inout Report) async throws {
    try await stage.fill()
    await stage.stopDaemon()
    _ = try await Bulk(stage: stage).change(times: CatchUpWork.times)
    let log = try await stage.postgres.psql(
      "SELECT pg_total_relation_size('rollcall.change')", database: "hr")
    let run = try await stage.rollcall(["sync", "--log-level", "notice"])
    if run.status != 0 { throw BenchError("rollcall sync: \(run.output)") }
    // The last line: 40000 operations, 0 parked, 0 held
    let sum = run.output.split(separator: "\n").last ?? ""
    let operations = Double(sum.split { !$0.isNumber }.first.map(String.init) ?? "") ?? .nan
    try await Bulk.requireMail(stage)
    let floor = try await Bulk.bareModify(stage)
    let work = "catch-up \(stage.size * CatchUpWork.times) \(stage.label)"
    report.add(
      work, "time", run.seconds, "s", floor: floor, target: "<= 1.1",
      method:
        "\(CatchUpWork.times) UPDATEs of all rows with the daemon down, then `rollcall sync` from its start to its "
        + "end; floor: a bare loop that changes each entry once, 64 in flight")
    report.add(
      work, "writes a person", operations / Double(stage.size), "", target: "1",
      method: "operations that `rollcall sync` says it has done")
    report.add(
      work, "log", (Double(log) ?? .nan) / 1e6, "MB",
      method: "size of rollcall.change with its index before `rollcall sync`, by pg_total_relation_size")
    report.add(
      work, "CPU", run.processorSeconds / Double(stage.size) * 1e6, "us/person",
      method: "user and system time of that process by wait4")
    report.add(
      work, "memory", run.peakMemory, "MB", target: "<= 120",
      method: "peak resident memory of that process by wait4")
  }
}
