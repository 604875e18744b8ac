internal import Sandbox

/// One statement changes every row while the daemon runs.
struct ChangeWork {
  let stage: Stage

  func measure(_ report: inout Report) async throws {
    let daemon = try await stage.startDaemon()
    let before = daemon.processorSeconds
    let change = try await Bulk(stage: stage).change()
    let log = try await stage.postgres.psql(
      "SELECT pg_total_relation_size('rollcall.change')", database: "hr")
    let seconds = try await change.settled()
    let processor = daemon.processorSeconds - before
    try await Bulk.requireMail(stage)
    let peak = daemon.peakMemory
    await stage.stopDaemon()
    let floor = try await Bulk.bareModify(stage)
    let work = "change \(stage.size) \(stage.label)"
    report.add(
      work, "rate", Double(stage.size) / seconds, "modifies/s", floor: Double(stage.size) / floor,
      target: stage.isBusy ? ">= 0.85" : stage.isDurable ? ">= 0.95" : ">= 0.9",
      method: "from the commit of one UPDATE of all rows to the stored watermark that passes it; "
        + "floor: the same changes by ldap_modify_ext, 64 in flight")
    report.add(
      work, "CPU", processor / Double(stage.size) * 1e6, "us/change",
      target: stage.isBusy ? stage.isDurable ? "<= 60" : "<= 35" : stage.isDurable ? "<= 40" : "<= 20",
      method: "user and system time of the daemon meanwhile, by /proc")
    report.add(
      work, "log", (Double(log) ?? .nan) / 1e6, "MB",
      method: "size of rollcall.change with its index after that statement, by pg_total_relation_size")
    report.add(
      work, "memory", peak, "MB", target: "<= 120", method: "peak resident memory of the daemon, by /proc")
  }
}

/// Changes of every row's mail, and their arrival in the directory.
struct Bulk {
  let stage: Stage

  struct Change {
    let stage: Stage
    let xid: String
    let committed: ContinuousClock.Instant

    /// Waits until the stored watermark has passed the change; returns the seconds since its commit.
    func settled() async throws -> Double {
      let (conninfo, xid, committed) = (stage.conninfo, self.xid, self.committed)
      return try await blocking {
        let database = try BareDatabase(conninfo)
        let deadline = ContinuousClock.now + .seconds(600)
        while try database.run(
          "SELECT pg_visible_in_snapshot('\(xid)'::xid8, watermark) FROM rollcall.directory") != "t"
        {
          if ContinuousClock.now > deadline { throw BenchError("the daemon has not settled a bulk change") }
          Pause.milliseconds(5)
        }
        return (ContinuousClock.now - committed).seconds
      }
    }
  }

  /// Changes every row's mail by one statement, in `times` transactions.
  func change(times: Int = 1) async throws -> Change {
    let (conninfo, stage) = (stage.conninfo, self.stage)
    return try await blocking {
      let database = try BareDatabase(conninfo)
      var xid: String?
      for _ in 0..<times {
        try database.run(
          "BEGIN; UPDATE users SET email = CASE WHEN left(email, 1) = 'u' THEN 'x' ELSE 'u' END"
            + " || substr(email, 2)")
        xid = try database.run("SELECT pg_current_xact_id()")
        try database.run("COMMIT")
      }
      return Change(stage: stage, xid: xid ?? "", committed: .now)
    }
  }

  /// Runs a statement that changes people; its change is settled later.
  func run(_ sql: String) async throws -> Change {
    let (conninfo, stage) = (stage.conninfo, self.stage)
    return try await blocking {
      let database = try BareDatabase(conninfo)
      try database.run("BEGIN; \(sql)")
      let xid = try database.run("SELECT pg_current_xact_id()") ?? ""
      try database.run("COMMIT")
      return Change(stage: stage, xid: xid, committed: .now)
    }
  }

  private static func mail(_ stage: Stage, _ key: Int, _ directory: BareDirectory) throws -> String? {
    try directory.search(Person(key: key).dn(below: stage.base), subtree: false, "(objectClass=*)", "mail")
      .value
  }

  /// Checks that every entry's mail matches the table.
  static func requireMail(_ stage: Stage) async throws {
    let run = try await stage.rollcall(["plan", "--log-level", "error"])
    if run.status != 0 { throw BenchError("not in step after a bulk change: \(run.output.prefix(1000))") }
  }

  /// Seconds that a bare loop takes to change every entry's mail; it is changed back before this returns.
  static func bareModify(_ stage: Stage) async throws -> Double {
    try await blocking {
      let directory = try BareDirectory(stage.access)
      guard let mail = try mail(stage, 1, directory), let first = mail.first else {
        throw BenchError("no mail")
      }
      let other = first == "u" ? "x" : "u"
      func pass(_ old: Character, _ new: String) throws -> Double {
        let started = ContinuousClock.now
        try directory.pipeline(stage.size) { index in
          let person = Person(key: index + 1)
          let rest = person.mail.dropFirst()
          try directory.sendModify(
            person.dn(below: stage.base), "mail", from: "\(old)\(rest)", to: "\(new)\(rest)")
        }
        return (ContinuousClock.now - started).seconds
      }
      let seconds = try pass(first, other)
      _ = try pass(Character(other), String(first))
      return seconds
    }
  }
}
