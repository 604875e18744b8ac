internal import Sandbox

/// N people in step are compared: `plan`, including start-up, against one full search.
struct ReconcileWork {
  let stage: Stage

  func measure(_ report: inout Report) async throws {
    await stage.stopDaemon()
    try await stage.fill()
    let paged = try await bare(pageSize: 1000)
    let whole = try await bare(pageSize: nil)
    let ldapsearch = try await tool()
    let run = try await stage.rollcall(["plan", "--log-level", "error"])
    if run.status != 0 { throw BenchError("rollcall plan finds something to do: \(run.output.prefix(2000))") }
    let work = "reconcile \(stage.size) \(stage.label)"
    let rollcall = "`rollcall plan` of people in step, from its start to its end; floor: "
    report.add(
      work, "time / ldapsearch", run.seconds, "s", floor: ldapsearch, target: "<= 1.5",
      method: rollcall + "`ldapsearch` of all entries, whole, from its start to its end")
    report.add(
      work, "time / paged", run.seconds, "s", floor: paged,
      method: rollcall + "a bare paged search (1000) of all entries that throws them away")
    report.add(
      work, "time / unpaged", run.seconds, "s", floor: whole,
      method: rollcall + "a bare search of all entries that throws them away")
    report.add(
      work, "CPU", run.processorSeconds / Double(stage.size) * 1e6, "us/person",
      method: "user and system time of that process by wait4")
    report.add(
      work, "memory", run.peakMemory, "MB", target: "<= 120",
      method: "peak resident memory of that process by wait4")
  }

  /// Seconds of `ldapsearch`. Its output is discarded: a process inherits its parent's peak memory, so any output
  /// kept by this process would count for Rollcall.
  private func tool() async throws -> Double {
    let directory = stage.directory
    let started = ContinuousClock.now
    let run = try await ChildProcess.start(
      "/bin/sh",
      ["-c", "exec ldapsearch \"$@\" > /dev/null", "ldapsearch"] + directory.searchArguments(base: stage.base),
      name: "ldapsearch-\(started.hashValue)", in: stage.folder)
    _ = await run.waitForEnd()
    let printed = try run.printed()
    guard printed.isEmpty else { throw BenchError("ldapsearch: \(printed)") }
    return (ContinuousClock.now - started).seconds
  }

  private func bare(pageSize: Int?) async throws -> Double {
    let (access, base) = (stage.access, stage.base)
    return try await blocking {
      let directory = try BareDirectory(access)
      let started = ContinuousClock.now
      _ = try directory.readAll(base, "(employeeNumber=*)", pageSize: pageSize)
      return (ContinuousClock.now - started).seconds
    }
  }
}
