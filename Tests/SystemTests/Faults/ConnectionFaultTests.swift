import Postgres
import Reactor
import Sandbox
import Testing

@testable import RollcallEngine

/// Links that are terminated, reset, half-open or refused.
@Suite struct ConnectionFaultTests {
  enum Side: String, CaseIterable, Sendable { case database, directory }
  enum Fault: String, CaseIterable, Sendable { case cut, refuse, swallow }

  /// Nothing but notifications and what follows a reconnect finds a change.
  private var patient: SiteSettings {
    var settings = SiteSettings()
    settings.more += "\nsweep: { every: 1h }"
    return settings
  }

  @Test("G2, G9: a link that is cut, refused or swallowed is replaced; HR and keys pay nothing for it")
  func theLinkFails() async throws {
    for side in Side.allCases {
      for fault in Fault.allCases { try await theLinkFails(side, fault) }
    }
  }

  private func theLinkFails(_ side: Side, _ fault: Fault) async throws {
    let proxied = try await World.shared.proxiedSite(patient)
    let site = proxied.site
    let proxy = side == .database ? proxied.database : proxied.directory
    try await site.insert(["ann"])
    try await site.withDaemon { daemon in
      try await eventually("ann is there") { try await site.names() == ["ann"] }
      switch fault {
      case .cut: await proxy.cut()
      case .refuse: await proxy.refuse()
      case .swallow: await proxy.swallow()
      }
      let start = ContinuousClock.now
      try await site.sql("UPDATE users SET username = 'anna' WHERE id = 1")
      try await site.insert(["ben"], from: 2)
      #expect(ContinuousClock.now - start < .seconds(20), "HR waits for \(side) \(fault)")
      if fault != .cut {
        // Within ten seconds; a loaded machine is given more.
        try await eventually("\(side) \(fault) is noticed") {
          try await daemon.statusText()
        } is: {
          $0.hasPrefix(side == .directory ? "paused" : "waiting for PostgreSQL")
        }
        if side == .directory {
          try await eventually("\(fault): status says so too") {
            try await site.sql("SELECT state, reason FROM rollcall.directory")
          } is: {
            $0.hasPrefix("paused|LDAP: ")
          }
        }
        await proxy.resume()
      }
      try await eventually("\(side) \(fault): all is settled") {
        try await site.names() == ["anna", "ben"]
      }
      try await eventually("\(side) \(fault): status says so") {
        try await site.sql("SELECT state, reason FROM rollcall.directory") == "connected|"
      }
      #expect(try await site.parked().isEmpty, "\(side) \(fault)")
    }
    try await site.expectInStep()
  }

  @Test("G2: each session of the daemon that the server ends is replaced")
  func eachSessionIsTerminated() async throws {
    let site = try await World.shared.site(patient)
    try await site.withDaemon { _ in
      var number = 0
      var ended: Set<String> = []
      // Sessions that come to stand for others are ended in their turn.
      while number < 8 {
        let found = try await site.sql(
          "SELECT pid FROM pg_stat_activity WHERE application_name = 'rollcall \(site.name)' ORDER BY pid")
        guard let pid = found.split(separator: "\n").map(String.init).first(where: { !ended.contains($0) }) else {
          break
        }
        ended.insert(pid)
        number += 1
        try await site.sql(
          """
          SELECT pg_terminate_backend(\(pid));
          INSERT INTO users VALUES (\(number), 'u\(number)', 'x', 'U \(number)', 'active', now())
          """)
        try await eventually("row \(number) is there") { try await site.names().count == number }
      }
      #expect(number >= 4)
      #expect(try await site.parked().isEmpty)
    }
    try await site.expectInStep()
  }

  @Test("G2: a listening registration that is lost without the link is made again")
  func theRegistrationIsLost() async throws {
    let site = try await World.shared.site(patient)
    try await site.withDaemon { running in
      try await site.insert(["ann"])
      try await eventually("ann is there") { try await site.names() == ["ann"] }
      let daemon = running.daemon
      try await Reactor.run { _ = try await daemon.listener.connection?.script("UNLISTEN *") }
      try await site.insert(["ben"], from: 2)
      try await eventually("ben is found") { try await site.names() == ["ann", "ben"] }
      try await site.insert(["cid"], from: 3)
      try await eventually("cid is heard of") { try await site.names() == ["ann", "ben", "cid"] }
    }
  }

  @Test("G9: a daemon that is stopped does not hold PostgreSQL's queue of notifications, and goes on when it is let go")
  func aStoppedListenerDoesNotPinTheQueue() async throws {
    // The queue is one for all databases of a cluster.
    let world = try await FaultyWorld.start()
    let site = try await world.site(patient)
    let usage = "SELECT pg_notification_queue_usage() > 0"
    let daemon = try await DaemonProcess.start(site, in: world.folder)
    try await daemon.ready()
    try await daemon.process.freeze()
    // More than the sockets' buffers hold: the server's side of the session waits, and is not idle.
    try await site.insert(["ann", "ben"])
    try await site.sql("SELECT count(pg_notify('rollcall', n || repeat('x', 7000))) FROM generate_series(1, 3000) n")
    #expect(try await site.sql(usage) == "t")
    try await eventually(within: .seconds(90), "the queue is free", poll: .milliseconds(500)) {
      try await site.sql(usage) == "f"
    }
    daemon.process.thaw()
    try await eventually(within: .seconds(60), "both are there") { try await site.names() == ["ann", "ben"] }
    try await site.insert(["last"], from: 3)
    try await eventually("it hears again") { try await site.names().contains("last") }
    await daemon.process.stop()
  }

  @Test("a directory that accepts and never answers is given up within the deadline")
  func aMuteDirectory() async throws {
    let proxied = try await World.shared.proxiedSite()
    await proxied.directory.swallow()
    let site = proxied.site
    try await site.insert(["ann"])
    let configuration = site.configuration
    let running = try await Reactor.run {
      RunningDaemon(Daemon(try Engine(configuration, logger: Site.logger)))
    }
    try await eventually("the daemon says that it is paused") {
      try await running.statusText().hasPrefix("paused")
    }
    // `status` shows it although the directory was never connected.
    #expect(try await site.sql("SELECT state FROM rollcall.directory") == "paused")
    await proxied.directory.resume()
    try await eventually("ann is there") { try await site.names() == ["ann"] }
    try await running.stop()
  }
}
