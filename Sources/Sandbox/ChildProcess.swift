internal import Glibc
internal import Subprocess
internal import Synchronization
internal import SystemPackage

/// A long-running program, started in a temporary folder and ended with it at the latest.
///
/// It leads a process group of its own, has no input, and prints to a log. It is signalled only by its process
/// identifier, and never after it was reaped.
public final class ChildProcess: Sendable {
  /// How a process ended.
  public enum Ending: Sendable, Hashable, CustomStringConvertible {
    case exited(Int32)
    case signaled(Int32)

    public var description: String {
      switch self {
      case .exited(let status): "exit status \(status)"
      case .signaled(let signal): "signal \(signal)"
      }
    }
  }

  public let pid: Int32
  /// The path of the file that takes standard output and standard error.
  public let log: String
  let name: String
  private let state: State
  private let ending: Task<Ending, Never>

  private init(pid: Int32, name: String, log: String, state: State, ending: Task<Ending, Never>) {
    self.pid = pid
    self.name = name
    self.log = log
    self.state = state
    self.ending = ending
  }

  /// Starts `executable`: an absolute path, or a name to search in the usual folders.
  /// - Parameters:
  ///   - name: the log is `name.log` in `folder`, and is appended to.
  ///   - environment: the whole environment but PATH, HOME, TZ and a UTF-8 locale.
  ///   - lastSignal: the signal that shuts it down cleanly when the folder is removed.
  public static func start(
    _ executable: String, _ arguments: [String] = [], name: String, in folder: TemporaryFolder,
    environment: [String: String] = [:], workingDirectory: String? = nil, lastSignal: String = "TERM"
  ) async throws -> ChildProcess {
    let log = "\(folder.path)/\(name).log"
    let output = try FileDescriptor.open(
      FilePath(log), .writeOnly, options: [.create, .append, .closeOnExec], permissions: [.ownerReadWrite])
    var options = PlatformOptions()
    options.processGroupID = 0
    let state = State()
    let (pids, spawned) = AsyncStream.makeStream(of: Result<Int32, any Error>.self)
    let ending = Task.detached { [options] in
      do {
        let result = try await Subprocess.run(
          .path("/bin/sh"),
          arguments: Arguments(["-c", ProcessReaper.register, folder.path, lastSignal, executable] + arguments),
          environment: .custom(Command.keyed(Command.environment.merging(environment) { $1 })),
          workingDirectory: FilePath(workingDirectory ?? folder.path), platformOptions: options,
          input: .none, output: .fileDescriptor(output, closeAfterSpawningProcess: true),
          error: .combinedWithOutput
        ) { spawned.yield(.success($0.processIdentifier.value)) }
        state.hasEnded.withLock { $0 = true }
        Files.remove("\(folder.path)/processes/\(result.processIdentifier.value)")
        return switch result.terminationStatus {
        case .exited(let code): Ending.exited(code)
        case .signaled(let signal): Ending.signaled(signal)
        }
      } catch {
        state.hasEnded.withLock { $0 = true }
        spawned.yield(.failure(error))
        return .exited(127)
      }
    }
    for await pid in pids {
      return ChildProcess(pid: try pid.get(), name: name, log: log, state: state, ending: ending)
    }
    throw CancellationError()
  }

  /// Whether it has ended and was reaped.
  public var hasEnded: Bool { state.hasEnded.withLock { $0 } }

  /// Waits for its end.
  public func waitForEnd() async -> Ending { await ending.value }

  /// Everything it has printed so far.
  public func printed() throws -> String { try Files.read(log) }

  /// Sends a signal (`SIGTERM` …); does nothing if it has ended.
  public func send(_ signal: Int32) {
    state.hasEnded.withLock { ended in
      if !ended { _ = Glibc.kill(pid, signal) }
    }
  }

  /// SIGTERM (15), or `signal`; then SIGKILL if it still runs at the end of `limit`.
  @discardableResult
  public func stop(_ signal: Int32 = 15, within limit: Duration = .seconds(30)) async -> Ending {
    thaw()
    send(signal)
    let deadline = Task.detached { [self] in
      try await Task.sleep(for: limit)
      send(SIGKILL)
    }
    defer { deadline.cancel() }
    return await waitForEnd()
  }

  /// SIGKILL to it and all its children; returns when all of them have ended.
  @discardableResult
  public func kill() async throws -> Ending {
    let children = try await halt()
    send(SIGKILL)
    for child in children { _ = Glibc.kill(child, SIGKILL) }
    let ending = await waitForEnd()
    try await eventually("the children of \(name) to be gone") {
      children.filter(ProcessTable.isAlive)
    } is: {
      $0.isEmpty
    }
    return ending
  }

  /// Stops it and all its children (SIGSTOP), like a machine that hangs.
  public func freeze() async throws {
    for child in try await halt() { _ = Glibc.kill(child, SIGSTOP) }
  }

  /// Lets them run again.
  public func thaw() {
    if hasEnded { return }
    for child in ProcessTable.descendants(of: pid) { _ = Glibc.kill(child, SIGCONT) }
    send(SIGCONT)
  }

  /// Stops it, so that it starts no more children, and returns those it has.
  private func halt() async throws -> [Int32] {
    send(SIGSTOP)
    try await eventually("\(name) to be stopped") {
      hasEnded ? nil : ProcessTable.state(of: pid)
    } is: {
      $0.map("TZX".contains) ?? true
    }
    return hasEnded ? [] : ProcessTable.descendants(of: pid)
  }

  private final class State: Sendable {
    let hasEnded = Mutex(false)
  }
}
