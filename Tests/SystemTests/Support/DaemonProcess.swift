import Foundation
import Glibc
import Sandbox

/// `rollcall run` in a process of its own, which can be killed and stopped.
struct DaemonProcess: Sendable {
  let site: Site
  let process: ChildProcess

  /// The built program, beside the tests' own.
  private static let program: String = {
    var path = [CChar](repeating: 0, count: Int(PATH_MAX))
    let length = unsafe readlink("/proc/self/exe", &path, path.count)
    let own = String(decoding: path[..<max(0, length)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return own.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/") + "/rollcall"
  }()

  /// Starts one; it need not lead when this returns.
  ///
  /// - Parameter yaml: another configuration than the site's, for another way to the servers.
  static func start(
    _ site: Site, in folder: TemporaryFolder, name: String = "daemon", yaml: String? = nil, level: String = "info"
  ) async throws -> DaemonProcess {
    let file = "\(folder.path)/\(site.name).\(name).yaml"
    try (yaml ?? site.yaml).write(toFile: file, atomically: true, encoding: .utf8)
    let process = try await ChildProcess.start(
      program, ["run", "--config", file, "--log-level", level], name: "\(site.name).\(name)", in: folder)
    return DaemonProcess(site: site, process: process)
  }

  /// Whether it says that it leads, and somebody has the lock.
  func leads() async throws -> Bool {
    let found = try await site.sql(
      """
      SELECT d.leader LIKE '%:\(process.pid)' AND EXISTS (SELECT FROM pg_locks
        WHERE locktype = 'advisory' AND classid = \(0x726f_6c6c) AND granted AND database =
          (SELECT oid FROM pg_database WHERE datname = current_database()))
      FROM rollcall.directory d
      """)
    return found == "t"
  }

  func ready(within limit: Duration = .seconds(30)) async throws {
    try await eventually(within: limit, "the daemon \(process.pid) leads") { try await leads() }
  }
}
