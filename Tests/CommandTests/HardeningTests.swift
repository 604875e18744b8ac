import Glibc
import Sandbox
import Testing

/// What others on the machine can learn of a process that holds passwords.
@Suite(.serialized) struct HardeningTests {
  @Test func thereIsNoCoreDumpAndNoLookIntoTheProcess() async throws {
    let site = try await House.shared.site()
    let file = try site.folder.write(
      site.yaml.replacing("port=\(site.postgres.port)", with: "port=1"), to: "\(site.name)-hardened.yaml")
    // As a user without rights: of such a process /proc belongs to root instead, if it cannot be dumped (proc(5)).
    let words = ["--reuid=65534", "--regid=65534", "--clear-groups", Rollcall.program, "run", "--config", file]
    let daemon = try await ChildProcess.start(
      "/usr/bin/setpriv", words, name: "\(site.name).hardened", in: site.folder, environment: site.environment)
    do {
      try await soon("it waits for PostgreSQL") { try daemon.printed().contains("waiting for PostgreSQL") }
      let limits = try Readable.text(of: "/proc/\(daemon.pid)/limits")
      let line = try #require(limits.split(separator: "\n").first { $0.hasPrefix("Max core file size") })
      #expect(line.split(separator: " ").count { $0 == "0" } == 2, "\(line)")
      #expect(try Readable.text(of: "/proc/\(daemon.pid)/status").contains("Uid:\t65534"))
      var found = stat()
      #expect(unsafe stat("/proc/\(daemon.pid)/environ", &found) == 0)
      #expect(found.st_uid == 0)
    } catch {
      await daemon.stop()
      throw error
    }
    #expect(await daemon.stop() == .exited(0))
  }
}
