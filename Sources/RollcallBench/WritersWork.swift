internal import Sandbox

/// pgbench on `users`: the writers' rate with triggers and daemon.
struct WritersWork {
  private static let seconds = 3

  let stage: Stage

  private enum Column: String, CaseIterable {
    case mapped, unmapped
    var assignment: String { self == .mapped ? "email = 'w' || random()" : "updated_at = clock_timestamp()" }
  }

  func measure(_ report: inout Report) async throws {
    try await stage.fill()
    // Otherwise the first measurement would pay for growing files, and for writes that follow a load.
    _ = try await rate(16, .mapped)
    for clients in [1, 4, 16] {
      for column in Column.allCases {
        await stage.stopDaemon()
        try await triggers(on: false)
        let off = try await rate(clients, column)
        try await triggers(on: true)
        let down = try await rate(clients, column)
        _ = try await stage.startDaemon()
        let running = try await rate(clients, column)
        let target =
          column == .unmapped ? ">= 0.95" : clients == 1 ? ">= 0.88" : clients == 4 ? ">= 0.85" : ">= 0.75"
        for (state, rate) in [("down", down), ("running", running)] {
          report.add(
            "writers \(column.rawValue)", "\(clients) clients, daemon \(state)", rate, "tps", floor: off,
            target: target,
            method: "pgbench of single-row updates, \(WritersWork.seconds) s, \(column.rawValue) column; "
              + "floor: the triggers disabled, the daemon down")
        }
      }
    }
    await stage.stopDaemon()
    await stage.note(filled: false)
    try await stage.postgres.psql(
      "ALTER TABLE users DISABLE TRIGGER ALL; \(Person.insert(stage.size))", database: "hr")
    try await triggers(on: true)
  }

  private func triggers(on: Bool) async throws {
    let words = on ? "ENABLE ALWAYS" : "DISABLE"
    let changes = ["insert", "update", "delete", "truncate"].map {
      "ALTER TABLE users \(words) TRIGGER rollcall_\($0);"
    }
    try await stage.postgres.psql(changes.joined(), database: "hr")
  }

  private func rate(_ clients: Int, _ column: Column) async throws -> Double {
    let script = try stage.folder.write(
      "\\set id random(1, \(stage.size))\nUPDATE users SET \(column.assignment) WHERE id = :id;\n",
      to: "pgbench.sql")
    let program = stage.postgres.psqlPath.replacing("/psql", with: "/pgbench")
    let run = try await ChildProcess.start(
      program,
      [
        "-n", "-M", "prepared", "-c", "\(clients)", "-j", "\(min(clients, 2))", "-T",
        "\(WritersWork.seconds)",
        "-f", script, stage.conninfo,
      ], name: "pgbench-\(ContinuousClock.now.hashValue)", in: stage.folder)
    _ = await run.waitForEnd()
    let printed = try run.printed()
    guard let line = printed.split(separator: "\n").first(where: { $0.hasPrefix("tps = ") }),
      let rate = line.split(separator: " ").compactMap({ Double($0) }).first
    else { throw BenchError("pgbench: \(printed)") }
    return rate
  }
}
