internal import Sandbox

/// Others that use the same servers meanwhile: pgbench at a fixed rate in a database of its own, and one search of the whole
/// directory after the other.
///
/// The floor of each figure is measured beside the same competition.
struct Competition {
  /// pgbench's transactions a second.
  static let rate = 200

  private let writers: ChildProcess
  private let reader: ChildProcess

  static func start(beside stage: Stage) async throws -> Competition {
    let pgbench = stage.postgres.psqlPath.replacing("/psql", with: "/pgbench")
    let conninfo = stage.postgres.conninfo(database: "competition")
    try await stage.postgres.psql("CREATE DATABASE competition")
    let made = try await ChildProcess.start(
      pgbench, ["-i", "-q", "-s", "1", conninfo], name: "competition-made", in: stage.folder)
    guard await made.waitForEnd() == .exited(0) else { throw BenchError("pgbench -i: \(try made.printed())") }
    let writers = try await ChildProcess.start(
      pgbench, ["-n", "-c", "2", "-j", "1", "-R", "\(rate)", "-T", "86400", conninfo], name: "competition-writers",
      in: stage.folder)
    let directory = stage.directory
    let reader = try await ChildProcess.start(
      "/bin/sh",
      ["-c", "while ldapsearch \"$@\" > /dev/null; do :; done", "ldapsearch"]
        + directory.searchArguments(base: stage.base), name: "competition-reader", in: stage.folder)
    return Competition(writers: writers, reader: reader)
  }

  /// - Throws: ``BenchError`` if one of them had ended before: what was measured last had less beside it.
  func stop() async throws {
    for process in [writers, reader] where process.hasEnded {
      throw BenchError("the competition has ended: \(try process.printed())")
    }
    await reader.stop()
    await writers.stop()
  }
}

extension DirectoryServer {
  /// The arguments with which `ldapsearch` prints all people below a base, whole.
  func searchArguments(base: String) -> [String] {
    [
      "-x", "-H", url, "-D", accountDN, "-y", accountPasswordFile, "-LLL", "-o", "ldif-wrap=no", "-b", base,
      "(employeeNumber=*)",
    ]
  }
}
