internal import Foundation
internal import Glibc

/// The release executable `rollcall` beside this one, run to its end and measured with wait4(2).
struct MeasuredProgram: Sendable {
  struct Run: Sendable {
    var seconds: Double
    /// User and system time.
    var processorSeconds: Double
    /// Peak resident memory, 2^20 bytes.
    var peakMemory: Double
    var status: Int32
    var output: String
  }

  let path: String
  private let configuration: String
  private let output: String

  init(configuration: String, folder: String) throws {
    var own = [CChar](repeating: 0, count: Int(PATH_MAX))
    let length = unsafe readlink("/proc/self/exe", &own, own.count)
    let parts = String(decoding: own[..<max(length, 0)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
      .split(separator: "/").dropLast()
    path = "/" + parts.joined(separator: "/") + "/rollcall"
    guard unsafe access(path, X_OK) == 0 else {
      throw BenchError("there is no \(path): swift build -c release --product rollcall makes it")
    }
    self.configuration = configuration
    output = folder + "/rollcall-output"
  }

  func run(_ arguments: [String]) throws -> Run {
    let argv = CStrings([path] + arguments + ["--config", configuration])
    let environment = CStrings(["LC_ALL=C.UTF-8", "LDAPNOINIT=1"])
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)
    var pid: pid_t = 0
    let started = ContinuousClock.now
    let failure = unsafe posix_spawn(&pid, path, &actions, nil, argv.list, environment.list)
    guard failure == 0 else { throw BenchError("posix_spawn \(path): \(failure)") }
    var status: Int32 = 0
    var usage = rusage()
    while unsafe wait4(pid, &status, 0, &usage) < 0 {
      guard errno == EINTR else { throw BenchError("wait4: \(errno)") }
    }
    return Run(
      seconds: (ContinuousClock.now - started).seconds,
      processorSeconds: MeasuredProgram.seconds(usage.ru_utime) + MeasuredProgram.seconds(usage.ru_stime),
      peakMemory: Double(usage.ru_maxrss) / 1024,
      status: status & 0x7f == 0 ? status >> 8 : 128 + (status & 0x7f),
      output: (try? String(contentsOfFile: output, encoding: .utf8)) ?? "")
  }

  private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
}

/// A daemon that runs, as /proc/PID shows it.
struct RunningDaemon: Sendable {
  let pid: Int32

  private func read(_ name: String) -> String {
    (try? String(contentsOfFile: "/proc/\(pid)/\(name)", encoding: .utf8)) ?? ""
  }

  /// User and system time so far, in seconds (proc_pid_stat(5), fields 14 and 15; ticks of 10 ms).
  var processorSeconds: Double {
    let fields = read("stat").split(separator: ")").last?.split(separator: " ") ?? []
    guard fields.count > 13 else { return .nan }
    return ((Double(fields[11]) ?? .nan) + (Double(fields[12]) ?? .nan)) / Double(sysconf(Int32(_SC_CLK_TCK)))
  }

  /// Peak resident memory, 2^20 bytes (proc_pid_status(5), VmHWM).
  var peakMemory: Double {
    let line = read("status").split(separator: "\n").first { $0.hasPrefix("VmHWM") } ?? ""
    return line.split(whereSeparator: \.isWhitespace).compactMap { Double($0) }.first.map { $0 / 1024 }
      ?? .nan
  }

  /// Voluntary context switches of its loop so far: each is one wait of `poll`, woken by a timer or a socket.
  var wakeUps: Double {
    let line = read("status").split(separator: "\n").first { $0.hasPrefix("voluntary") } ?? ""
    return line.split(whereSeparator: \.isWhitespace).compactMap { Double($0) }.first ?? .nan
  }
}
