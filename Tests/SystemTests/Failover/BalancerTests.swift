import RollcallEngine
import Sandbox
import Testing

/// Two servers behind one address, which take turns.
@Suite(.serialized) struct BalancerTests {
  @Test("servers that never agree are not compared for ever", arguments: [true, false], [true, false])
  func theyTakeTurns(_ replicates: Bool, _ hasClock: Bool) async throws {
    let balancer = try await TCPProxy.start(to: 1)
    let mirrored = try await MirroredSite.start(
      hasClock: hasClock, urls: { _, _ in ["ldap://127.0.0.1:\(balancer.port)"] })
    await balancer.lead(to: [mirrored.servers.first.port, mirrored.servers.second.port])
    let site = mirrored.atFirst
    try await site.insert((1...50).map { "u\($0)" })
    try await site.withDaemon { daemon in
      try await mirrored.expectContent(mirrored.atFirst)
      try await mirrored.servers.converge()
      try await mirrored.settled()
      if !replicates {
        await mirrored.servers.toFirst.swallow()
        await mirrored.servers.toSecond.swallow()
      }
      var comparisons: Set<String> = [try await site.sql("SELECT last_reconcile FROM rollcall.directory")]
      for round in 1...8 {
        try await site.sql("UPDATE users SET email = 'round\(round)' WHERE id = \(round)")
        try await eventually("round \(round): one of them has it") {
          let all = [try await mirrored.mails(mirrored.atFirst), try await mirrored.mails(mirrored.atSecond)]
          return all.contains { $0["\(round)"] == "round\(round)" }
        }
        try await mirrored.settled()
        await balancer.cut()
        try await eventually("round \(round): it is connected again") {
          let status = try await daemon.statusText()
          let open = await balancer.connections
          return status == "connected" && open == 3
        }
        comparisons.insert(try await site.sql("SELECT last_reconcile FROM rollcall.directory"))
      }
      // Without a clock, a server that lags for a moment cannot be told from one that has lost writes.
      #expect(comparisons.count <= (replicates && hasClock ? 1 : 2), "\(comparisons)")
      if !hasClock {
        #expect(try await site.sql("SELECT count(*) FROM rollcall.server WHERE clock IS NOT NULL") == "0")
      }
      if replicates {
        try await mirrored.servers.converge()
        try await mirrored.expectContent(mirrored.atFirst)
        try await mirrored.expectContent(mirrored.atSecond)
      }
    }
  }
}
