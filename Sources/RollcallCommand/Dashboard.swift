internal import ArgumentParser
internal import Glibc

struct Dashboard: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Serves a web page with the state of all directories, and /metrics.",
    discussion: """
      Runs rollcall-dashboard, a program of its own beside this one, with the arguments that follow. Its options are in \
      rollcall dashboard --help and in rollcall-dashboard(1).

      Example:
        rollcall dashboard --config /etc/rollcall/main.yaml

      Exit codes: those of rollcall-dashboard; 69 if it is not installed.
      """)

  @Argument(
    parsing: .captureForPassthrough,
    help: ArgumentHelp("What rollcall-dashboard is given.", valueName: "argument"))
  var arguments: [String] = []

  func run() throws {
    let program = try OwnProgram.path() + "-dashboard"
    var words: [UnsafeMutablePointer<CChar>?] = unsafe ([program] + arguments).map { unsafe strdup($0) } + [nil]
    // It returns only where it fails.
    _ = unsafe execv(program, &words)
    let code = errno
    let reason =
      code == ENOENT
      ? "rollcall-dashboard is not installed: there is no \(program). Install the package rollcall-dashboard, or build it "
        + "with: make dashboard"
      : "cannot run \(program): \(unsafe String(cString: strerror(code)))"
    Output.error.say("rollcall: \(reason)")
    throw ExitCode(69)
  }
}

/// The program that is running.
enum OwnProgram {
  static func path() throws -> String {
    var path = [CChar](repeating: 0, count: Int(PATH_MAX))
    let length = unsafe readlink("/proc/self/exe", &path, path.count)
    guard length > 0 else { throw Complaint("cannot find the program's own path in /proc") }
    return String(decoding: path[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
