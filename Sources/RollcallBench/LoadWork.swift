/// N new people into an empty directory: `sync --full`, start-up included, beside a bare pipelined add loop.
struct LoadWork {
  /// With more people there is no floor: it would double the time, and the directory would have to be emptied twice.
  private static let most = 200_000

  let stage: Stage
  let round: Int

  func measure(_ report: inout Report) async throws {
    await stage.stopDaemon()
    try await stage.empty()
    // In alternating order, because the second one benefits from a database file that has already grown.
    var floor: Double?
    let hasFloor = stage.size <= LoadWork.most
    if hasFloor, round.isMultiple(of: 2) { floor = try await bare() }
    let run = try await stage.rollcall(["sync", "--full", "--log-level", "error"])
    if run.status != 0 { throw BenchError("rollcall sync --full: \(run.output)") }
    if hasFloor, !round.isMultiple(of: 2) {
      try await stage.empty()
      floor = try await bare()
      try await stage.empty()
      try await stage.fill()
    }
    try await check()
    let work = "load \(stage.size) \(stage.label)"
    report.add(
      work, "rate", Double(stage.size) / run.seconds, "adds/s", floor: floor.map { Double(stage.size) / $0 },
      target: stage.isDurable ? ">= 0.95" : ">= 0.85",
      method: "`rollcall sync --full` into an empty directory, from its start to its end; "
        + "floor: the same entries by ldap_add_ext, 64 in flight, no database")
    report.add(
      work, "CPU", run.processorSeconds / Double(stage.size) * 1e6, "us/change",
      method: "user and system time of that process by wait4, all of it")
    report.add(
      work, "memory", run.peakMemory, "MB", target: "<= 120",
      method: "peak resident memory of that process by wait4")
  }

  /// Seconds of the bare loop; the directory is empty before and after.
  private func bare() async throws -> Double {
    let (access, base, size) = (stage.access, stage.base, stage.size)
    let seconds = try await blocking {
      let directory = try BareDirectory(access)
      let started = ContinuousClock.now
      try directory.pipeline(size) { try directory.sendAdd(Person(key: $0 + 1), below: base) }
      return (ContinuousClock.now - started).seconds
    }
    if round.isMultiple(of: 2) { try await stage.empty() }
    return seconds
  }

  private func check() async throws {
    let (access, base) = (stage.access, stage.base)
    let found = try await blocking {
      try BareDirectory(access).readAll(base, "(employeeNumber=*)", pageSize: nil)
    }
    guard found == stage.size else { throw BenchError("\(found) entries after a load of \(stage.size)") }
    await stage.note(filled: true)
  }
}
