internal import Histogram
internal import Sandbox

/// Somebody who leaves while there is much else to do: from the commit until the account is gone.
struct LeaverWork {
  private static let most = 40
  private static let loaded = 50_000
  private static let backlog = 200_000

  let stage: Stage
  let round: Int

  /// What else there is to do; each has leavers of its own.
  private enum Load: Int, CaseIterable {
    case storm, load, reconcile, backlog

    var method: String {
      switch self {
      case .storm: "8 pgbench clients update one row each"
      case .load: "\(LeaverWork.loaded) people, added by one statement, are created"
      case .reconcile: "everybody is compared, over and over"
      case .backlog: "\(LeaverWork.backlog) changes are worked off after a downtime"
      }
    }
  }

  func measure(_ report: inout Report) async throws {
    try await stage.fill()
    let floor = try await bare()
    for load in Load.allCases {
      Progress.say("\(stage.label): leaver, \(load)")
      let found = try await leavers(during: load)
      let method =
        "UPDATEs of `status`, of one person each and 20 ms apart, while \(load.method); from the answer to COMMIT until a "
        + "base search does not find the entry; floor: a bare loop of notification and delete, with nothing else to do"
      let work = "leaver \(load) \(stage.label)"
      report.add(work, "p50", found.percentile(50), "ms", floor: floor.percentile(50), method: method)
      report.add(
        work, "p95", found.percentile(95), "ms", floor: floor.percentile(95),
        target: stage.isDurable ? "<= 100 ms" : "<= 50 ms", method: method)
      report.add(
        work, "count", Double(found.totalCount), "",
        method: "how many left before that was over, \(LeaverWork.most) at most")
      try await comeBack()
    }
  }

  // MARK: Loads

  private func leavers(during load: Load) async throws -> Histogram<UInt64> {
    let isOver = Switch()
    switch load {
    case .storm:
      try await warmUp()
      return try await watch(load, while: { try await storm(until: isOver) }, isOver)
    case .load:
      try await warmUp()
      let change = try await Bulk(stage: stage).run(
        """
        INSERT INTO users (id, username, email, full_name, status, updated_at)
        SELECT i, 'user' || i, 'user' || i || '@example.com', 'First' || i || ' Lastname' || i, 'active', now()
        FROM generate_series(\(stage.size + 1), \(stage.size + LeaverWork.loaded)) AS i
        """)
      let found = try await watch(load, until: change)
      await stage.stopDaemon()
      try await unload()
      return found
    case .reconcile:
      try await warmUp()
      return try await watch(load, while: { try await compare(until: isOver) }, isOver)
    case .backlog:
      await stage.stopDaemon()
      let change = try await Bulk(stage: stage).change(times: max(1, LeaverWork.backlog / stage.size))
      _ = try await stage.startDaemon(isInStep: false)
      return try await watch(load, until: change)
    }
  }

  /// The daemon has counted whom it manages, and keeps what it needs to write at hand.
  private func warmUp() async throws {
    _ = try await stage.startDaemon()
    _ = try await watch(.storm, count: 3) { false }
  }

  private func storm(until isOver: Switch) async throws {
    let script = try stage.folder.write(
      "\\set id random(1, \(stage.size))\nUPDATE users SET email = 'w' || random() WHERE id = :id;\n", to: "storm.sql")
    let program = stage.postgres.psqlPath.replacing("/psql", with: "/pgbench")
    let run = try await ChildProcess.start(
      program, ["-n", "-M", "prepared", "-c", "8", "-j", "2", "-T", "600", "-f", script, stage.conninfo],
      name: "storm-\(ContinuousClock.now.hashValue)", in: stage.folder)
    try await blocking { while !isOver.isSet { Pause.milliseconds(5) } }
    await run.stop()
  }

  private func compare(until isOver: Switch) async throws {
    while !isOver.isSet {
      let run = try await stage.rollcall(["sync", "--full", "--log-level", "error"])
      if run.status != 0 { throw BenchError("rollcall sync --full: \(run.output)") }
    }
  }

  /// Takes the people of the load out of both sides, behind Rollcall's back.
  private func unload() async throws {
    let (access, base, size) = (stage.access, stage.base, stage.size)
    try await blocking {
      let directory = try BareDirectory(access)
      try directory.pipeline(LeaverWork.loaded, tolerating: 32) {
        try directory.sendDelete(Person(key: size + 1 + $0).dn(below: base))
      }
    }
    try await stage.postgres.psql(
      "SET session_replication_role = replica; ALTER TABLE users DISABLE TRIGGER ALL; "
        + "DELETE FROM users WHERE id > \(size); ALTER TABLE users ENABLE ALWAYS TRIGGER rollcall_insert; "
        + "ALTER TABLE users ENABLE ALWAYS TRIGGER rollcall_update; ALTER TABLE users ENABLE ALWAYS TRIGGER rollcall_delete; "
        + "ALTER TABLE users ENABLE ALWAYS TRIGGER rollcall_truncate",
      database: "hr")
  }

  // MARK: Leavers

  /// Ends the other work also where a leaver never arrives.
  private func watch(
    _ load: Load, while work: @escaping @Sendable () async throws -> Void, _ isOver: Switch
  ) async throws -> Histogram<UInt64> {
    let other = Task { try await work() }
    do {
      let found = try await watch(load) { false }
      isOver.set()
      try await other.value
      return found
    } catch {
      isOver.set()
      _ = await other.result
      throw error
    }
  }

  private func watch(_ load: Load, until change: Bulk.Change) async throws -> Histogram<UInt64> {
    let isOver = Switch()
    let writes = Task { try await watch(load) { isOver.isSet } }
    _ = try await change.settled()
    isOver.set()
    return try await writes.value
  }

  private func watch(
    _ load: Load, count: Int = most, _ isOver: @escaping @Sendable () -> Bool
  ) async throws -> Histogram<UInt64> {
    let (stage, first) = (self.stage, 1 + load.rawValue * LeaverWork.most)
    return try await blocking { try LeaverWork.leave(first..<(first + count), stage, isOver) }
  }

  private static func leave(
    _ keys: Range<Int>, _ stage: Stage, _ isOver: () -> Bool
  ) throws -> Histogram<UInt64> {
    let database = try BareDatabase(stage.conninfo)
    let directory = try BareDirectory(stage.access)
    try database.prepare("leave", "UPDATE users SET status = 'left' WHERE id = $1::int AND status = 'active'")
    var histogram = Histogram<UInt64>(
      highestTrackableValue: 600_000_000, numberOfSignificantValueDigits: .three)
    for key in keys {
      if isOver() { break }
      let dn = Person(key: key).dn(below: stage.base)
      _ = try database.row("leave", ["\(key)"])
      let committed = ContinuousClock.now
      while try directory.search(dn, subtree: false, "(objectClass=*)", "cn").entries > 0 {
        if ContinuousClock.now - committed > .seconds(120) {
          throw BenchError("\(dn) is still there after two minutes")
        }
        Pause.microseconds(20)
      }
      histogram.record(UInt64((ContinuousClock.now - committed) / .microseconds(1)))
      Pause.milliseconds(20)
    }
    return histogram
  }

  /// Everybody is back in the directory, with the mail of before, for the next measurement.
  private func comeBack() async throws {
    await stage.stopDaemon()
    try await stage.postgres.psql(
      "UPDATE users SET status = 'active', email = 'user' || id || '@example.com' WHERE status <> 'active' "
        + "OR email <> 'user' || id || '@example.com'; DELETE FROM rollcall.removal", database: "hr")
    let run = try await stage.rollcall(["sync", "--log-level", "error"])
    if run.status != 0 { throw BenchError("rollcall sync: \(run.output)") }
  }

  // MARK: Floor

  private func bare() async throws -> Histogram<UInt64> {
    await stage.stopDaemon()
    try await stage.ring(true)
    let (isListening, isOver) = (Switch(), Switch())
    let loop = Task { [stage] in
      try await blocking {
        let database = try BareDatabase(stage.conninfo)
        let directory = try BareDirectory(stage.access)
        try database.run("LISTEN rollcall")
        isListening.set()
        while !isOver.isSet {
          guard let key = try database.notifiedKey(within: 200) else { continue }
          let entry = try directory.search(stage.base, subtree: true, "(employeeNumber=\(key))", "cn")
          guard let dn = entry.dn else { continue }
          try directory.pipeline(1) { _ in try directory.sendDelete(dn) }
        }
      }
    }
    let found = try await blocking { [stage] in
      while !isListening.isSet { Pause.milliseconds(1) }
      return try LeaverWork.leave(1..<(1 + LeaverWork.most), stage) { false }
    }
    isOver.set()
    try await loop.value
    try await stage.ring(false)
    try await comeBack()
    return found
  }
}
