import LDAPModel
import Logging
import Reactor
import RollcallCore
import RollcallEngine
import RollcallLedger
import Sandbox
import Testing

@testable import RollcallAdministration

/// G12: what a daemon plans when it is asked has a bound.
@Suite struct PlanLimitTests {
  @Test(arguments: [PlanLimit(keys: 2, octets: .max), PlanLimit(keys: .max, octets: 1500)])
  func tooMuchIsRefused(_ limit: PlanLimit) async throws {
    let site = try await World.shared.site(SiteSettings())
    try await site.insert(["ada", "bo", "cy"])
    #expect(try await Self.refusal(site, limit, [])?.contains("more than the daemon plans at once") == true)
    #expect(try await Self.refusal(site, limit, ["1"]) == nil)
  }

  /// Why it is not planned; nil where it is.
  private static func refusal(_ site: Site, _ limit: PlanLimit, _ keys: [String]) async throws -> String? {
    let configuration = site.configuration
    return try await Reactor.run {
      let engine = try Engine(configuration, logger: Site.logger)
      defer { engine.close() }
      do throws(EngineError) {
        _ = try await Rehearsal(engine, limit: limit).run(keys.map { RosterKey($0) })
        return nil
      } catch {
        guard case .refused(let reason) = error else { throw error }
        return reason
      }
    }
  }
}
