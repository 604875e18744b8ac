internal import Sandbox

/// One row changes that concerns everybody: their manager gets another name, or their department does.
struct OneRowWork {
  enum Row: Sendable {
    case manager, department
  }

  private let stage: Stage
  private let round: Int
  private let row: Row

  init(_ stage: Stage, _ round: Int, _ row: Row) {
    self.stage = stage
    self.round = round
    self.row = row
  }

  func measure(_ report: inout Report) async throws {
    try await stage.fill()
    // In alternating order, because the second one benefits from a database file that has already grown.
    var floor = 0.0
    if round.isMultiple(of: 2) { floor = try await bare() }
    let daemon = try await stage.startDaemon()
    let before = daemon.processorSeconds
    let seconds = try await change()
    let processor = daemon.processorSeconds - before
    let peak = daemon.peakMemory
    if !round.isMultiple(of: 2) { floor = try await bare() }
    await stage.stopDaemon()
    let work = "\(row == .manager ? "references" : "keys") \(stage.size) \(stage.label)"
    report.add(
      work, "time", seconds, "s", floor: floor,
      method: "from the commit of \(what) to the stored watermark that passes it, when a search must find the value "
        + "in all of their entries; floor: the same values by ldap_modify_ext, 64 in flight")
    report.add(
      work, "CPU", processor / Double(stage.size) * 1e6, "us/person",
      method: "user and system time of the daemon meanwhile, by /proc")
    report.add(work, "memory", peak, "MB", target: "<= 120", method: "peak resident memory of the daemon, by /proc")
  }

  private var what: String {
    switch row {
    case .manager: "an UPDATE that renames the manager of \(stage.size) people, which the server does not follow,"
    case .department:
      "an UPDATE of one row of a further table, which concerns \(stage.size) people by source.watch[].keys,"
    }
  }

  private var attribute: String { row == .manager ? "manager" : "departmentNumber" }

  /// The value that the entries have for a name in the table.
  private func value(_ name: String) -> String { row == .manager ? "uid=\(name),\(stage.base)" : name }

  private func name(_ round: Int) -> String { round == 0 ? (row == .manager ? "manager" : "one") : "name\(round)" }

  // MARK: Rollcall

  /// Changes the row; returns the seconds until everybody has the value.
  private func change() async throws -> Double {
    let sql =
      switch row {
      case .manager: "UPDATE users SET username = '\(name(round))' WHERE id = 0"
      case .department: "UPDATE departments SET name = '\(name(round))' WHERE id = 1"
      }
    let seconds = try await Bulk(stage: stage).run(sql).settled()
    let found = try await count(value(name(round)))
    // Nothing is left to do once the watermark has passed the change.
    guard found == stage.size else { throw BenchError("\(found) of \(stage.size) entries have the value") }
    return seconds
  }

  private func count(_ value: String) async throws -> Int {
    let (access, base, attribute) = (stage.access, stage.base, self.attribute)
    return try await blocking {
      try BareDirectory(access).readAll(base, "(\(attribute)=\(value))", pageSize: nil)
    }
  }

  // MARK: Floor

  /// Seconds of the bare loop; the values are changed back before this returns.
  private func bare() async throws -> Double {
    await stage.stopDaemon()
    let (stage, attribute) = (self.stage, self.attribute)
    // The value that Rollcall has written last.
    let present = value(name(round.isMultiple(of: 2) ? round - 1 : round))
    let other = value("floor")
    return try await blocking {
      let directory = try BareDirectory(stage.access)
      func pass(_ old: String, _ new: String) throws -> Double {
        let started = ContinuousClock.now
        try directory.pipeline(stage.size) { index in
          try directory.sendModify(Person(key: index + 1).dn(below: stage.base), attribute, from: old, to: new)
        }
        return (ContinuousClock.now - started).seconds
      }
      let seconds = try pass(present, other)
      _ = try pass(other, present)
      return seconds
    }
  }
}
