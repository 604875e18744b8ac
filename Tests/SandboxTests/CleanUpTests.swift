import Glibc
import Testing

@testable import Sandbox

/// Nothing is left behind, however it ends.
@Suite struct CleanUpTests {
  @Test func aFolderTakesItsServersWithIt() async throws {
    let folder = try TemporaryFolder()
    let (postgres, directory) = try await startBoth(in: folder)
    let pids = await [postgres.pid, directory.pid].compactMap(\.self)
    #expect(pids.count == 2)
    let children = pids.flatMap(ProcessTable.descendants)
    #expect(children.count >= 4)
    await folder.remove()
    for pid in pids + children { #expect(!ProcessTable.isAlive(pid)) }
    #expect(!Files.exists(folder.path))
    #expect(sharedMemory(of: pids[0]).isEmpty)
  }

  @Test func frozenServersGoToo() async throws {
    let folder = try TemporaryFolder()
    let (postgres, directory) = try await startBoth(in: folder)
    let pids = await [postgres.pid, directory.pid].compactMap(\.self)
    let all = pids + pids.flatMap(ProcessTable.descendants)
    try await postgres.freeze()
    try await directory.freeze()
    await folder.remove()
    for pid in all { #expect(!ProcessTable.isAlive(pid)) }
    #expect(!Files.exists(folder.path))
  }

  @Test func aKilledServerThatIsNeverStartedAgainLeavesNothing() async throws {
    let folder = try TemporaryFolder()
    let postgres = try await PostgresServer.start(in: folder, durable: false)
    let pid = try #require(await postgres.pid)
    #expect(!sharedMemory(of: pid).isEmpty)
    try await postgres.kill()
    #expect(sharedMemory(of: pid).isEmpty)
    await folder.remove()
    #expect(!Files.exists(folder.path))
  }

  @Test func aFolderIsGuardedFromTheStart() async throws {
    let folder = try TemporaryFolder()
    // No await before this: a busy process must not keep the guard waiting.
    let guards = Files.names(in: "/proc").filter { name in
      let words = (try? Files.read("/proc/\(name)/cmdline"))?.split(separator: "\0")
      return words?.first == "/bin/sh" && words?.last.map(String.init) == folder.path
    }
    #expect(guards.count == 1)
    await folder.remove()
    await folder.remove()
    #expect(!Files.exists(folder.path))
    #expect(guards.compactMap { Int32($0) }.allSatisfy { ProcessTable.state(of: $0) == nil })
  }

  @Test func theLastReferenceRemovesTheFolder() async throws {
    var folder: TemporaryFolder? = try TemporaryFolder()
    let path = try #require(folder).path
    #expect(Files.exists(path))
    folder = nil
    try await eventually("\(path) to be gone") { !Files.exists(path) }
  }

  @Test func aParentThatIsKilledTakesAllWithIt() async throws {
    let result = await #expect(
      processExitsWith: .signal(SIGKILL), observing: [\.standardOutputContent]
    ) {
      let kept = try await startBothAndReport()
      withExtendedLifetime(kept) { _ = kill(getpid(), SIGKILL) }
    }
    try await expectAllGone(try #require(result).standardOutputContent)
  }

  @Test func aParentThatExitsTakesAllWithIt() async throws {
    let result = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
      let kept = try await startBothAndReport()
      withExtendedLifetime(kept) { exit(0) }
    }
    try await expectAllGone(try #require(result).standardOutputContent)
  }

  @Test func theOtherDirectoryServersGoToo() async throws {
    let result = await #expect(
      processExitsWith: .signal(SIGKILL), observing: [\.standardOutputContent]
    ) {
      let folder = try TemporaryFolder()
      let authority = try await TestAuthority.make(in: folder)
      let samba = try await SambaDomain.start(in: folder, tls: authority)
      let server = try await Directory389Server.start(in: folder)
      report(folder, await [server.pid, samba.pid])
      print("semaphore sem.rollcall-\(server.port).stats")
      fflush(nil)
      // Its semaphore is a file outside, which it cannot remove any more.
      try await server.kill()
      withExtendedLifetime((folder, samba, server)) { _ = kill(getpid(), SIGKILL) }
    }
    let output = try #require(result).standardOutputContent
    try await expectAllGone(output)
    let lines = String(decoding: output, as: UTF8.self).split(separator: "\n")
    let semaphore = try #require(lines.first { $0.hasPrefix("semaphore ") }?.dropFirst("semaphore ".count))
    #expect(!Files.exists("/dev/shm/\(semaphore)"))
  }

  /// The report's last line: the folder and the servers' processes.
  private func expectAllGone(_ output: [UInt8]) async throws {
    let text = String(decoding: output, as: UTF8.self)
    let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("started ") })
    let words = line.split(separator: " ").map(String.init)
    let pids = words.dropFirst(2).compactMap { Int32($0) }
    #expect(pids.count >= 6)
    try await eventually(within: .seconds(15), "\(words[1]) and \(pids) to be gone") {
      pids.filter(ProcessTable.isAlive).map(String.init) + (Files.exists(words[1]) ? [words[1]] : [])
    } is: {
      $0.isEmpty
    }
    #expect(sharedMemory(of: pids[0]).isEmpty)
  }
}

private func startBoth(in folder: TemporaryFolder) async throws -> (PostgresServer, DirectoryServer) {
  var options = OpenLDAPOptions()
  options.durable = false
  async let postgres = PostgresServer.start(in: folder, durable: false)
  async let directory = DirectoryServer.start(in: folder, options: options)
  return try await (postgres, directory)
}

/// For the process of an exit test, which ends with all it started still running.
private func startBothAndReport() async throws -> (TemporaryFolder, PostgresServer, DirectoryServer) {
  let folder = try TemporaryFolder()
  let (postgres, directory) = try await startBoth(in: folder)
  report(folder, await [postgres.pid, directory.pid])
  return (folder, postgres, directory)
}

private func report(_ folder: TemporaryFolder, _ servers: [Int32?]) {
  let pids = servers.compactMap(\.self)
  let all = pids + pids.flatMap(ProcessTable.descendants)
  print("started \(folder.path) \(all.map(String.init).joined(separator: " "))")
  fflush(nil)
}

/// The System V segments that a process made (proc(5), sysvipc/shm: cpid is the fifth column).
private func sharedMemory(of pid: Int32) -> [String] {
  let lines = ((try? Files.read("/proc/sysvipc/shm")) ?? "").split(separator: "\n")
  return lines.map(String.init).filter { line in
    let columns = line.split(separator: " ")
    return columns.count > 4 && columns[4] == "\(pid)"
  }
}
