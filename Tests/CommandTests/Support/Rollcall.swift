import Glibc
import Subprocess
import SystemPackage

/// What a run of the program left.
struct Ran: Sendable {
  /// The exit code; nil when a signal ended it.
  var code: Int32?
  var output: String
  var errors: String

  /// Everything it said.
  var words: String { output + errors }
}

/// The built program, run as a person or a supervisor would.
enum Rollcall {
  /// It is beside the test's own executable.
  static let program: String = {
    var path = [CChar](repeating: 0, count: Int(PATH_MAX))
    let length = unsafe readlink("/proc/self/exe", &path, path.count)
    let own = String(decoding: path[..<max(0, length)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return own.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
      + "/rollcall"
  }()

  /// Runs it to its end, which must come within two minutes.
  static func run(_ arguments: [String], environment: [String: String] = [:]) async throws -> Ran {
    try await run([program] + arguments, environment)
  }

  /// Runs a line that a person was told to type.
  static func shell(_ line: String, environment: [String: String] = [:]) async throws -> Ran {
    try await run(["/bin/sh", "-c", line], environment)
  }

  private static func run(_ words: [String], _ environment: [String: String]) async throws -> Ran {
    var variables: [Environment.Key: String] = ["PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"]
    for (name, value) in environment {
      if let key = Environment.Key(rawValue: name) { variables[key] = value }
    }
    let result = try await Subprocess.run(
      .path("/usr/bin/timeout"), arguments: Arguments(["120"] + words),
      environment: .custom(variables), workingDirectory: "/", input: .none,
      output: .string(limit: 1 << 24), error: .string(limit: 1 << 24))
    let code: Int32? =
      switch result.terminationStatus {
      case .exited(let code): code
      case .signaled: nil
      }
    return Ran(code: code, output: result.standardOutput, errors: result.standardError)
  }
}
