internal import Sandbox

/// The cost of the journal: the same work with and without it. The floor is the daemon with `journal: off`.
struct JournalWork {
  private static let writes = 300

  let stage: Stage

  func measure(round: Int, _ report: inout Report) async throws {
    // In alternating order, so that neither always runs on the state that the other has left.
    var figures: [Bool: (rate: Double, processor: Double, median: Double)] = [:]
    for isOn in round % 2 == 0 ? [true, false] : [false, true] { figures[isOn] = try await figure(isOn) }
    guard let on = figures[true], let off = figures[false] else { return }
    let work = "journal \(stage.label)"
    report.add(
      work, "rate", on.rate, "modifies/s", floor: off.rate, target: ">= 0.95",
      method: "as for change; floor: the same with journal: off")
    report.add(
      work, "CPU", on.processor, "us/change", floor: off.processor,
      method: "user and system time of the daemon meanwhile, by /proc; floor: with journal: off")
    report.add(
      work, "p50", on.median, "ms", floor: off.median, target: "<= 1.03",
      method: "as for latency; floor: the same with journal: off")
    let size = try await stage.postgres.psql(
      "SELECT pg_relation_size('rollcall.journal') / greatest(count(*), 1) FROM rollcall.journal", database: "hr")
    report.add(
      work, "row", Double(size) ?? .nan, "bytes", target: "<= 250",
      method: "pg_relation_size of the journal by its rows, nearly all of them updates of one attribute")
  }

  private func figure(_ isOn: Bool) async throws -> (rate: Double, processor: Double, median: Double) {
    let daemon = try await stage.startDaemon(journal: isOn)
    let before = daemon.processorSeconds
    let seconds = try await Bulk(stage: stage).change().settled()
    let processor = daemon.processorSeconds - before
    let observer = Observer(stage: stage)
    let marker = "J\(ContinuousClock.now.hashValue & 0xffff)x"
    _ = try await blocking { try observer.watch(20, pause: 2000, marker: marker + "w") }
    let found = try await blocking { try observer.watch(JournalWork.writes, pause: 2000, marker: marker) }
    await stage.stopDaemon()
    return (Double(stage.size) / seconds, processor / Double(stage.size) * 1e6, found.percentile(50))
  }
}
