import RollcallCore
import RollcallEngine
import Sandbox
import Testing

@testable import RollcallAdministration

/// A pin outlasts processes, and once it is confirmed nothing that was planned before is written any more.
@Suite struct PinnedAcrossProcessesTests {
  @Test("a pin outlasts the leader's death and holds for its successor")
  func aChangeOfLeader() async throws {
    let world = try await World.shared
    let site = try await world.site()
    let first = try await DaemonProcess.start(site, in: world.folder, name: "first")
    try await first.ready()
    let second = try await DaemonProcess.start(site, in: world.folder, name: "second")
    try await site.insert(["ann", "ben"])
    try await eventually("they are there") { try await site.names().count == 2 }
    #expect(try await site.pin(["1"]) == .done)
    let before = try await site.stamp("1")
    try await first.process.kill()
    try await site.sql("UPDATE users SET email = 'new@x'")
    try await second.ready(within: .seconds(60))
    try await eventually(within: .seconds(60), "ben's change arrives") {
      try await site.value("mail", of: "2") == "new@x"
    }
    try await eventually(within: .seconds(60), "all is settled") { try await site.settledAll() }
    #expect(try await site.stamp("1") == before)
    #expect(try await site.unpin(["1"]) == .done)
    #expect(try await site.value("mail", of: "1") == "new@x")
    try await second.process.kill()
  }

  @Test("what was unpinned while nobody led is looked at by the next who does, also after that one was killed at it")
  func unpinnedMeanwhile() async throws {
    let site = try await World.shared.site()
    try await site.insert(["ann"])
    try await site.sync()
    try await site.pin(["1"])
    try await site.sql("UPDATE users SET email = 'new@x'")
    try await site.sync()
    #expect(try await site.settledAll())
    #expect(try await site.unpin(["1"]) == .nobodyLeads)
    // As a process leaves it that has begun and has not come to the end.
    try await site.sql("UPDATE rollcall.request SET started = now()")
    try await site.sync()
    #expect(try await site.value("mail", of: "1") == "new@x")
    #expect(try await site.sql("SELECT count(*) FROM rollcall.request WHERE done IS NULL") == "0")
    #expect(try await site.sql("SELECT count(*) FROM rollcall.request WHERE argument IS NOT NULL") == "0")
  }

  @Test("after pin has returned nothing is written, however many changes are on their way")
  func onTheWay() async throws {
    let world = try await World.shared
    // Each request is seen before the directory has it.
    let proxy = try await TCPProxy.start(to: world.directory.port)
    let liar = try await LyingServer.start(before: proxy.port)
    defer { liar.stop() }
    var settings = SiteSettings()
    settings.directoryPort = liar.port
    let site = try await world.site(settings)
    try await site.insert((1...40).map { "u\($0)" })
    try await site.withDaemon { _ in
      try await eventually("they are there") { try await site.names().count == 40 }
      await proxy.delay(.milliseconds(300))
      for round in 1...4 {
        let before = liar.count(.modify)
        try await site.sql("UPDATE users SET email = 'r\(round)@x'")
        try await eventually(within: .seconds(60), "writes are on their way") { liar.count(.modify) > before }
        let key: RosterKey = "\(round)"
        #expect(try await site.pin([key]) == .done)
        let stamp = try await site.stamp(key.text)
        try await site.sql("UPDATE users SET full_name = 'Round \(round)'")
        try await eventually(within: .seconds(60), "the others are written") {
          try await site.value("cn", of: "40") == "Round \(round)"
        }
        try await eventually(within: .seconds(60), "all is settled") { try await site.settledAll() }
        #expect(try await site.stamp(key.text) == stamp)
      }
    }
    await proxy.stop()
  }

  @Test("a pin is not confirmed while what was sent over a lost connection may still be carried out")
  func aLostAnswer() async throws {
    let world = try await World.shared
    let liar = try await LyingServer.start(before: world.directory.port)
    defer { liar.stop() }
    var settings = SiteSettings()
    settings.directoryPort = liar.port
    settings.directory = "timeout: 2s"
    let site = try await world.site(settings)
    try await site.insert(["ann"])
    try await site.withDaemon { _ in
      try await eventually("she is there") { try await site.names() == ["ann"] }
      liar.lie { $0.kind == .modify ? .silence : .truth }
      try await site.sql("UPDATE users SET email = 'new@x'")
      try await eventually("a write is on its way") { liar.count(.modify) > 0 }
      async let confirmation = site.pin(["1"])
      try await eventually("it is pinned") { try await site.sql("SELECT count(*) FROM rollcall.pinned") == "1" }
      #expect(
        try await site.sql("SELECT count(*) FROM rollcall.request WHERE kind = 'pin' AND done IS NOT NULL") == "0")
      liar.lie { _ in .truth }
      #expect(try await confirmation == .done)
      let stamp = try await site.stamp("1")
      try await site.sql("UPDATE users SET email = 'newer@x'")
      try await eventually("it is settled") { try await site.settledAll() }
      #expect(try await site.stamp("1") == stamp)
    }
  }

  @Test("a daemon that is paused does not confirm a pin, and says how it is")
  func aPausedDaemon() async throws {
    let world = try await World.shared
    let proxy = try await TCPProxy.start(to: world.directory.port)
    var settings = SiteSettings()
    settings.directoryPort = proxy.port
    let site = try await world.site(settings)
    try await site.insert(["ann"])
    try await site.withDaemon { _ in
      try await eventually("she is there") { try await site.names() == ["ann"] }
      await proxy.refuse()
      try await eventually("it is paused") { try await site.report().directory?.state != "connected" }
      let confirmation = try await site.pin(["1"], patience: .milliseconds(300))
      guard case .notYet(let state) = confirmation else {
        Issue.record("\(confirmation)")
        return
      }
      #expect(state.contains("is paused"), "\(state)")
      try await site.sql("UPDATE users SET email = 'new@x'")
      await proxy.resume()
      try await eventually(within: .seconds(60), "it goes on, and has settled the change") {
        try await site.settledAll()
      }
      #expect(try await site.value("mail", of: "1") == "ann@example.com")
    }
    await proxy.stop()
  }
}
