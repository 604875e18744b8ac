internal import FoundationEssentials
internal import Postgres
internal import Reactor

extension Ledger {
  /// The identity of the user of this program, for the journal: the operating system's user and host, and the
  /// database role, such as `root@db1 (rollcall)`.
  package func actor() async throws(EngineError) -> String {
    let role = try await database.query("SELECT session_user").text(0, 0) ?? ""
    let process = ProcessInfo.processInfo
    return "\(process.userName)@\(process.hostName) (\(role))"
  }
}
