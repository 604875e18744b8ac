internal import SystemPackage

/// What went wrong with a throwaway server, in words for the person who reads the test's output.
public enum SandboxError: Error, Sendable, Hashable, CustomStringConvertible {
  /// A program is not installed; `package` is Debian's name of what brings it.
  case missing(program: String, package: String)
  /// A program ended with something else than success. `output` is the end of what it printed.
  case failed(command: String, status: String, output: String)
  /// A server ended by itself. `output` is the end of its log.
  case ended(server: String, status: String, output: String)
  /// A server cannot run here as things are; `reason` says what to do.
  case unusable(server: String, reason: String)
  /// A state did not come about in time. `lastSeen` is the value, or the error, of the last look.
  case timedOut(waitingFor: String, limit: Duration, lastSeen: String)
  /// A system call failed with this `errno`.
  case system(call: String, code: Int32)

  public var description: String {
    switch self {
    case .missing(let program, let package):
      "\(program) is not installed: apt-get install \(package) (or run `make setup`)"
    case .failed(let command, let status, let output):
      "`\(command)` ended with \(status): \(output)"
    case .ended(let server, let status, let output):
      "\(server) ended with \(status); the end of its log: \(output)"
    case .unusable(let server, let reason):
      "\(server) cannot run here: \(reason)"
    case .timedOut(let what, let limit, let lastSeen):
      "waited \(limit) for \(what); last seen: \(lastSeen)"
    case .system(let call, let code):
      "\(call) failed: \(Errno(rawValue: code))"
    }
  }
}
