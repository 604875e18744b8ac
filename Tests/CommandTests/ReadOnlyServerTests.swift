import Sandbox
import Testing

/// `check` with a replica that takes no writes among the servers.
@Suite struct ReadOnlyServerTests {
  @Test(arguments: [true, false])
  func aReplicaIsNamed(_ referral: Bool) async throws {
    let folder = try TemporaryFolder()
    let postgres = try await PostgresServer.start(in: folder, durable: false)
    var options = OpenLDAPOptions()
    options.durable = false
    let servers = try await MirroredDirectories.start(
      in: folder, options: options, isMirror: false, referral: referral)
    let (provider, replica) = (servers.first.url, servers.second.url)
    let site = try await Site.make(1, SiteSettings(), folder, postgres, servers.first)
    try await servers.converge()
    try await site.install()
    let both = try await site.with("url: \(provider)", "url: [\(replica), \(provider)]").rollcall("check")
    let words = referral ? "referral (10): it refers to \(provider)" : "unwillingToPerform (53): shadow context"
    let warning = "warning: \(replica): takes no writes (\(words)"
    #expect(both.output.contains(warning), "\(both)")
    #expect(both.code == 0, "\(both)")
    let alone = try await site.with("url: \(provider)", "url: \(replica)").rollcall("check")
    #expect(alone.output.contains("error: \(replica): takes no writes"), "\(alone)")
    #expect(alone.code == 1, "\(alone)")
  }
}
