import Reactor
import RollcallEngine
import Sandbox
import Testing

@testable import RollcallAdministration
@testable import RollcallLedger

/// Servers that take no writes.
@Suite(.serialized) struct ReadOnlyServerTests {
  @Test("a replica that refers, or only refuses, is left for the next URL", arguments: [true, false])
  func theReplicaComesFirst(_ referral: Bool) async throws {
    let mirrored = try await MirroredSite.start(isMirror: false, referral: referral, urls: { [$1, $0] })
    let site = mirrored.atFirst
    try await site.insert((1...20).map { "u\($0)" })
    try await site.withDaemon { _ in
      try await mirrored.expectContent(mirrored.atFirst)
      #expect(try await site.parked().isEmpty)
      #expect(try await site.sql("SELECT count(*) FROM rollcall.problem") == "0")
      try await mirrored.servers.converge()
    }
    // One that ends when it is done moves on as well.
    try await site.sql("UPDATE users SET email = 'new' || id")
    let log = LogSink()
    try await site.sync(logger: log.logger)
    #expect(log.text.contains("the server takes no writes"), "\(log.text)")
    #expect(log.text.contains(mirrored.servers.second.url), "\(log.text)")
    try await mirrored.expectContent(mirrored.atFirst)
  }

  @Test("G14: where no server takes writes, status says so, and it is over when one does", arguments: [true, false])
  func noServerTakesWrites(_ referral: Bool) async throws {
    let mirrored = try await MirroredSite.start(isMirror: false, referral: referral, urls: { [$1] })
    let site = mirrored.atFirst
    try await site.withDaemon { daemon in
      try await site.insert(["ann"])
      try await eventually("it is paused, and says why") {
        try await daemon.statusText()
      } is: {
        $0.hasPrefix("paused") && $0.contains("takes no writes")
      }
      let problem = try await eventually(within: .seconds(10), "status has the problem") {
        try await Reactor.run { try await StatusReport.read(site.configuration) }
      } is: {
        $0.problems.contains { $0.code == .server && $0.message.contains(mirrored.servers.second.url) }
      }
      #expect(!problem.isWell)
      #expect(try await site.parked().isEmpty, "the key pays nothing for it")
      await mirrored.servers.second.stop()
      try await mirrored.servers.second.endReplication()
      try await mirrored.servers.second.start()
      // It is passed over for half a minute, and asked at most once a minute.
      try await mirrored.expectContent(mirrored.atSecond, within: .seconds(180))
      try await eventually("the problem is over") {
        try await site.sql("SELECT count(*) FROM rollcall.problem") == "0"
      }
      try await site.sql("UPDATE users SET email = 'new' || id")
      try await mirrored.expectContent(mirrored.atSecond)
      #expect(try await site.parked().isEmpty)
    }
  }
}
