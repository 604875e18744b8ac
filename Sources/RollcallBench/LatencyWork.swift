internal import Histogram
internal import Sandbox
internal import Synchronization

/// From commit to visible entry, one write at a time.
struct LatencyWork {
  private static let writes = 300

  let stage: Stage

  func measure(_ report: inout Report) async throws {
    let observer = Observer(stage: stage)
    // Cleanup after other work would count for the one that is measured first.
    try await stage.postgres.psql("VACUUM ANALYZE users, rollcall.change; CHECKPOINT", database: "hr")
    _ = try await stage.startDaemon()
    try await rest()
    let marker = "L\(ContinuousClock.now.hashValue & 0xffff)x"
    _ = try await blocking { try observer.watch(20, pause: 2000, marker: marker + "w") }
    let rollcall = try await blocking {
      try observer.watch(LatencyWork.writes, pause: 2000, marker: marker + "r")
    }
    await stage.stopDaemon()
    let floor = try await bare(observer, marker + "f")
    let method =
      "\(LatencyWork.writes) UPDATEs of one row, 2 ms apart, once the daemon has looked at those again whom it confirmed "
      + "last before its start, from the answer to COMMIT until a base search, repeated "
      + "without a pause, shows the value; floor: a bare loop of notification, one prepared SELECT, one search by link, "
      + "one modify, seen by the same observer"
    let work = "latency \(stage.label)"
    report.add(
      work, "p50", rollcall.percentile(50), "ms", floor: floor.percentile(50),
      target: stage.isDurable ? "<= 1.10" : "<= 1.15",
      method: method)
    report.add(
      work, "p99", rollcall.percentile(99), "ms", floor: floor.percentile(99), target: "<= 1.2",
      method: method)
  }

  /// Returns when the daemon's sessions have hardly anything to do.
  private func rest() async throws {
    var last = 0
    var quiet = 0
    while quiet < 3 {
      try await blocking { Pause.milliseconds(200) }
      let text = try await stage.postgres.psql(
        "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = 'hr'", database: "hr")
      let now = Int(text) ?? 0
      quiet = now - last < 20 ? quiet + 1 : 0
      last = now
    }
  }

  private func bare(_ observer: Observer, _ marker: String) async throws -> Histogram<UInt64> {
    try await stage.ring(true)
    let (isListening, isOver) = (Switch(), Switch())
    let loop = Task { [stage] in
      try await blocking { try LatencyWork.serve(stage, isListening, until: isOver) }
    }
    let found = try await blocking {
      while !isListening.isSet { Pause.milliseconds(1) }
      _ = try observer.watch(20, pause: 2000, marker: marker + "w")
      return try observer.watch(LatencyWork.writes, pause: 2000, marker: marker)
    }
    isOver.set()
    try await loop.value
    try await stage.ring(false)
    return found
  }

  /// The floor: no queue, no mapping, no journal.
  private static func serve(_ stage: Stage, _ isListening: Switch, until isOver: Switch) throws {
    let database = try BareDatabase(stage.conninfo)
    let directory = try BareDirectory(stage.access)
    try database.run("LISTEN rollcall")
    try database.prepare(
      "person",
      """
      SELECT username, full_name, regexp_replace(full_name, '^.*\\s', ''), email, status = 'active'
      FROM users WHERE id = $1::int
      """)
    isListening.set()
    while !isOver.isSet {
      guard let key = try database.notifiedKey(within: 200) else { continue }
      let row = try database.row("person", [key])
      guard row.count == 5 else { continue }
      let entry = try directory.search(stage.base, subtree: true, "(employeeNumber=\(key))", "cn")
      guard let dn = entry.dn, let old = entry.value, old != row[1] else { continue }
      try directory.pipeline(1) { _ in try directory.sendModify(dn, "cn", from: old, to: row[1]) }
    }
  }
}

/// A flag for a loop on another thread.
final class Switch: Sendable {
  private let value = Atomic(false)
  var isSet: Bool { value.load(ordering: .relaxed) }
  func set() { value.store(true, ordering: .relaxed) }
}
