internal import Glibc
internal import Subprocess
internal import SystemPackage

/// A program that is run to its end for its output: initdb, psql, ldapsearch, openssl.
struct Command: Sendable {
  var executable: String
  var arguments: [String]
  /// Added to a small fixed environment: no variable of the caller (PGHOST, LDAPRC …) has an effect.
  var environment: [String: String] = [:]
  var workingDirectory = "/"

  static let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
  static let environment = [
    "PATH": path, "LC_ALL": "C.UTF-8", "TZ": "UTC", "LDAPNOINIT": "1", "HOME": "/",
  ]

  init(_ executable: String, _ arguments: [String] = []) {
    self.executable = executable
    self.arguments = arguments
  }

  /// Runs it and returns its standard output.
  /// - Parameter input: its standard input; empty if nil.
  /// - Throws: `SandboxError.failed` if its exit status is not 0; `.timedOut` after the deadline, with the program
  ///   killed.
  func run(input: String? = nil, within limit: Duration = .seconds(120)) async throws -> String {
    try await withThrowingTaskGroup(of: String?.self) { group in
      group.addTask { try await runUnbounded(input: input) }
      group.addTask {
        try await Task.sleep(for: limit)
        return nil
      }
      defer { group.cancelAll() }
      guard let output = try await group.next(), let output else {
        throw SandboxError.timedOut(waitingFor: "`\(self)` to end", limit: limit, lastSeen: "running")
      }
      return output
    }
  }

  private func runUnbounded(input: String?) async throws -> String {
    let source = try Self.unnamedFile(input ?? "")
    let result = try await Subprocess.run(
      executable.hasPrefix("/") ? .path(FilePath(executable)) : .name(executable),
      arguments: Arguments(arguments),
      environment: .custom(Self.keyed(Self.environment.merging(environment) { $1 })),
      workingDirectory: FilePath(workingDirectory),
      input: .fileDescriptor(source, closeAfterSpawningProcess: true),
      output: .string(limit: 256 << 20),
      error: .string(limit: 16 << 20))
    guard result.terminationStatus.isSuccess else {
      let printed = result.standardError.isEmpty ? result.standardOutput : result.standardError
      throw SandboxError.failed(
        command: description, status: "\(result.terminationStatus)", output: String(printed.suffix(4000)))
    }
    return result.standardOutput
  }

  /// A file and not a pipe: a program that ends before it has read everything must not cause a SIGPIPE here.
  private static func unnamedFile(_ text: String) throws -> FileDescriptor {
    var template = Array("\(TemporaryFolder.parent)/rollcall-input-XXXXXX".utf8CString)
    let descriptor = unsafe mkstemp(&template)
    if descriptor < 0 { throw SandboxError.system(call: "mkstemp", code: errno) }
    _ = unsafe unlink(template)
    let file = FileDescriptor(rawValue: descriptor)
    try file.writeAll(text.utf8)
    try file.seek(offset: 0, from: .start)
    return file
  }

  static func keyed(_ environment: [String: String]) -> [Environment.Key: String] {
    var keyed: [Environment.Key: String] = [:]
    for (name, value) in environment {
      if let key = Environment.Key(rawValue: name) { keyed[key] = value }
    }
    return keyed
  }
}

extension Command: CustomStringConvertible {
  var description: String { ([executable] + arguments).joined(separator: " ") }
}
