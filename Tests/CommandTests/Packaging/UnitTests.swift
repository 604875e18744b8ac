import Foundation
import Glibc
import Sandbox
import Testing

/// The systemd units.
@Suite(.serialized) struct UnitTests {
  private static let canAnalyze = unsafe access("/usr/bin/systemd-analyze", X_OK) == 0

  private func text(_ unit: String) throws -> String { try Repository.text(of: "Packaging/systemd/\(unit)") }

  /// Installs the units with the built program and gives the folder that they are in.
  private func withUnits(_ body: (String) async throws -> Void) async throws {
    try await TemporaryFolder.with { folder in
      let bin = Rollcall.program.split(separator: "/").dropLast().joined(separator: "/")
      for unit in ["rollcall@.service", "rollcall-sync@.service", "rollcall-sync@.timer"] {
        let text = try text(unit).replacing("@BIN@", with: "/\(bin)")
          .replacing("@CONFIGURATION@", with: "/etc/rollcall")
        try folder.write(text, to: unit)
      }
      let dashboard = try Repository.text(of: "Packaging/dashboard/rollcall-dashboard.service")
      try folder.write(
        dashboard.replacing("@BIN@", with: "/\(bin)").replacing("@CONFIGURATION@", with: "/etc/rollcall"),
        to: "rollcall-dashboard.service")
      try await body(folder.path)
    }
  }

  @Test(
    .enabled(if: canAnalyze),
    arguments: [
      "rollcall@main.service", "rollcall-sync@main.service", "rollcall-sync@main.timer", "rollcall-dashboard.service",
    ])
  func systemdFindsNothingWrong(_ unit: String) async throws {
    try await withUnits { folder in
      let ran = try await Rollcall.shell(
        "cd \(folder) && systemd-analyze verify --recursive-errors=no --man=no ./\(unit)")
      #expect(ran.code == 0 && !ran.words.contains("rollcall"), "\(ran.words)")
    }
  }

  /// Of 10, where 10 is everything that a service could do.
  @Test(
    .enabled(if: canAnalyze),
    arguments: ["rollcall@main.service", "rollcall-sync@main.service", "rollcall-dashboard.service"])
  func theExposureIsSmall(_ unit: String) async throws {
    try await withUnits { folder in
      let ran = try await Rollcall.shell(
        "cd \(folder) && systemd-analyze security --offline=true --threshold=20 --no-pager ./\(unit)")
      #expect(ran.code == 0 && ran.words.contains("Overall exposure level for \(unit)"), "\(ran.words)")
    }
  }

  @Test func bothServicesAreConfinedAlike() throws {
    let parts = try ["rollcall@.service", "rollcall-sync@.service"].map { unit in
      try #require(text(unit).split(separator: "\nUser=rollcall\n").last?.split(separator: "\n[Install]").first)
    }
    #expect(parts[0].trimmingCharacters(in: .newlines) == parts[1].trimmingCharacters(in: .newlines))
    #expect(parts[0].contains("ProtectSystem=strict"))
  }

  /// What of the unit can be had without systemd: another user, no capabilities and no way to get any, no core dump, and a
  /// file system that cannot be written to.
  @Test(.enabled(if: getuid() == 0)) func theDaemonWorksConfined() async throws {
    let site = try await House.shared.site()
    try await site.install()
    let mayUnshare = try await Rollcall.shell("unshare --mount mount -o remount,bind,ro / /").code == 0
    // Another user may not reach the folder in which it was built.
    let program = "\(site.folder.path)/confined-rollcall"
    #expect(try await Rollcall.shell("cp \(Rollcall.program) \(program)").code == 0)
    let nobody = "--reuid=65534 --regid=65534 --clear-groups"
    // Nor the toolchain's libraries, which a debug build needs.
    let mayRun = try await Rollcall.shell("setpriv \(nobody) \(program) --version").code == 0
    let confined =
      "exec setpriv \(mayRun ? nobody : "") --no-new-privs --bounding-set=-all --inh-caps=-all prlimit --core=0 \(program) run"
      + " --config \(site.file)"
    let words =
      mayUnshare
      ? ["unshare", "--mount", "sh", "-c", "mount -o remount,bind,ro / / && ! touch /etc/x 2>/dev/null && \(confined)"]
      : ["sh", "-c", confined]
    let daemon = try await ChildProcess.start(
      "/usr/bin/env", words, name: "\(site.name).confined", in: site.folder, environment: site.environment)
    do {
      try await site.hire(["ada"])
      try await soon("ada is there") {
        if daemon.hasEnded { return true }
        return try await site.names() == ["ada"]
      }
      let status = try Readable.text(of: "/proc/\(daemon.pid)/status")
      #expect(status.contains("Uid:\t65534") == mayRun && status.contains("NoNewPrivs:\t1"))
      #expect(status.contains("CapBnd:\t0000000000000000"))
    } catch {
      await daemon.stop()
      throw error
    }
    let ending = await daemon.stop()
    #expect(ending == .exited(0))
  }
}
