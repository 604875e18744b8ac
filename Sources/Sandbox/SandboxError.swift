internal import SystemPackage

/// An error of a throwaway server, in words for the reader of the test's output.
public enum SandboxError: Error, Sendable, Hashable, CustomStringConvertible {
  /// A program is not installed; `package` is the Debian package that provides it.
  case missing(program: String, package: String)
  /// A program failed. `output` is the end of its output.
  case failed(command: String, status: String, output: String)
  /// A server ended unexpectedly. `output` is the end of its log.
  case ended(server: String, status: String, output: String)
  /// A server cannot run under the present conditions; `reason` says what to do.
  case unusable(server: String, reason: String)
  /// A state was not reached in time. `lastSeen` is the last value or error.
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
