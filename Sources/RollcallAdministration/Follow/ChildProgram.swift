internal import Glibc
internal import Reactor

/// A user's program: this process writes its standard input, and reads or shares its standard output.
///
/// It is started without a shell, leads a process group of its own, and has default signal handling.
@Reactor
final class ChildProgram {
  /// How the program ended.
  enum Ending: Sendable, Equatable, CustomStringConvertible {
    case exited(Int32)
    case signaled(Int32)

    var description: String {
      switch self {
      case .exited(let code): "exit code \(code)"
      case .signaled(let signal): "signal \(signal)"
      }
    }
  }

  /// Why it could not be started.
  struct NotStarted: Error, CustomStringConvertible {
    let description: String
  }

  /// A longer line of output is not an answer.
  private static let longestLine = 64 << 10

  private let pid: pid_t
  private var hasEnded = false
  private var input: Int32
  private var unwritten: ArraySlice<UInt8> = []
  private var closesInput = false
  private var inputWatch: Watch?
  private var output: Int32 = -1
  private var line: [UInt8] = []
  private var outputWatch: Watch?
  /// Called for each line of its standard output, without the newline; nil once, at the end of the output.
  private let onLine: (@Reactor (String?) -> Void)?

  /// - Parameters:
  ///   - words: the program, which is searched in PATH, and its arguments.
  ///   - onLine: receives its standard output; without it the program shares ours.
  init(
    _ words: [String], environment: [String: String], onLine: (@Reactor (String?) -> Void)? = nil
  ) throws(NotStarted) {
    self.onLine = onLine
    let toChild = try Self.pipe()
    let fromChild = onLine == nil ? nil : try? Self.pipe()
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    unsafe posix_spawn_file_actions_adddup2(&actions, toChild.reader, 0)
    if let fromChild { unsafe posix_spawn_file_actions_adddup2(&actions, fromChild.writer, 1) }
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    // The program would inherit ignored signals.
    var defaults = sigset_t()
    unsafe sigemptyset(&defaults)
    var none = defaults
    unsafe sigaddset(&defaults, SIGPIPE)
    unsafe posix_spawnattr_setsigdefault(&attributes, &defaults)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    unsafe posix_spawnattr_setpgroup(&attributes, 0)
    let flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP
    unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
    var arguments = unsafe words.map { unsafe strdup($0) } + [nil]
    var variables = unsafe environment.map { unsafe strdup("\($0)=\($1)") } + [nil]
    var child: pid_t = 0
    let failure = unsafe posix_spawnp(&child, words[0], &actions, &attributes, &arguments, &variables)
    var texts = unsafe arguments + variables
    while let text = unsafe texts.popLast() { unsafe free(text) }
    unsafe posix_spawn_file_actions_destroy(&actions)
    unsafe posix_spawnattr_destroy(&attributes)
    close(toChild.reader)
    if let fromChild { close(fromChild.writer) }
    guard failure == 0 else {
      close(toChild.writer)
      if let fromChild { close(fromChild.reader) }
      throw NotStarted(description: "cannot start \(words[0]): \(unsafe String(cString: strerror(failure)))")
    }
    pid = child
    input = toChild.writer
    if let fromChild {
      output = fromChild.reader
      outputWatch = Reactor.loop.watch(output, for: .readable) { [weak self] _ in self?.read() }
    }
  }

  isolated deinit {
    closeInput()
    endOutput()
  }

  private static func pipe() throws(NotStarted) -> (reader: Int32, writer: Int32) {
    var ends: [Int32] = [-1, -1]
    guard unsafe Glibc.pipe(&ends) == 0 else { throw NotStarted(description: "no file descriptors are left") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
  }

  // MARK: Standard input

  /// Writes as much as the program accepts, and the rest when it accepts more.
  func write(_ text: String, thenClose: Bool = false) {
    guard input >= 0 else { return }
    closesInput = closesInput || thenClose
    unwritten += text.utf8
    if inputWatch == nil {
      _ = fcntl(input, F_SETFL, O_NONBLOCK)
      inputWatch = Reactor.loop.watch(input, for: .writable) { [weak self] _ in self?.flush() }
    }
    flush()
  }

  private func flush() {
    while input >= 0, !unwritten.isEmpty {
      let count = unsafe unwritten.withUnsafeBytes { unsafe Glibc.write(input, $0.baseAddress, $0.count) }
      if count > 0 {
        unwritten = unwritten.dropFirst(count)
      } else if errno == EAGAIN {
        inputWatch?.interest = .writable
        return
      } else if errno != EINTR {
        // The program has closed its input; its exit status shows whether that is an error.
        return closeInput()
      }
    }
    unwritten = []
    inputWatch?.interest = []
    if closesInput { closeInput() }
  }

  func closeInput() {
    inputWatch?.cancel()
    inputWatch = nil
    if input >= 0 { close(input) }
    input = -1
  }

  // MARK: Standard output

  private func read() {
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    let count = unsafe buffer.withUnsafeMutableBytes { unsafe Glibc.read(output, $0.baseAddress, $0.count) }
    if count < 0, errno == EINTR || errno == EAGAIN { return }
    guard count > 0 else {
      endOutput()
      onLine?(nil)
      return
    }
    for byte in buffer.prefix(count) {
      if byte == UInt8(ascii: "\n") {
        onLine?(String(decoding: line, as: UTF8.self))
        line = []
      } else if line.count < Self.longestLine {
        line.append(byte)
      }
    }
  }

  private func endOutput() {
    outputWatch?.cancel()
    outputWatch = nil
    if output >= 0 { close(output) }
    output = -1
  }

  // MARK: End

  /// Waits for its end; call it once.
  func ending() async -> Ending {
    let pid = self.pid
    // It is not reaped before the flag is set, so that no signal reaches another process that has got its id.
    await Reactor.blocking {
      var information = unsafe siginfo_t()
      while unsafe waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) < 0, errno == EINTR {}
    }
    hasEnded = true
    var status: Int32 = 0
    unsafe waitpid(pid, &status, 0)
    let signal = status & 0x7F
    return signal == 0 ? .exited(status >> 8 & 0xFF) : .signaled(signal)
  }

  /// Ends it and its child processes: SIGTERM, and SIGKILL if they still run after some seconds.
  func kill() {
    signal(SIGTERM)
    Reactor.loop.after(.seconds(5)) { self.signal(SIGKILL) }
  }

  private func signal(_ number: Int32) {
    if !hasEnded { _ = Glibc.kill(-pid, number) }
  }
}
