/// The idle daemon.
struct IdleWork {
  private static let seconds = 20

  let stage: Stage

  func measure(_ report: inout Report) async throws {
    let daemon = try await stage.startDaemon()
    try await Task.sleep(for: .seconds(2))
    let (processor, wakeUps) = (daemon.processorSeconds, daemon.wakeUps)
    try await Task.sleep(for: .seconds(IdleWork.seconds))
    let span = Double(IdleWork.seconds)
    report.add(
      "idle", "CPU", (daemon.processorSeconds - processor) / span * 100, "% of a core", target: "<= 0.5",
      method: "user and system time of the daemon in \(IdleWork.seconds) s without writes, by /proc")
    report.add(
      "idle", "wake-ups", (daemon.wakeUps - wakeUps) / span, "/s",
      method: "voluntary context switches of its main thread in that time, by /proc")
  }
}
