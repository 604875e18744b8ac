internal import ArgumentParser
internal import FoundationEssentials
internal import Logging
internal import PlainText
internal import Reactor
internal import RollcallConfiguration
internal import RollcallEngine

/// The options of every command.
struct GlobalOptions: ParsableArguments {
  @Option(
    name: .customLong("config"),
    help: ArgumentHelp(
      "The configuration file. Default: $ROLLCALL_CONFIG, or else rollcall.yaml.", valueName: "file"),
    completion: .file(extensions: ["yaml", "yml"]))
  var file: String?

  @Option(
    name: .customLong("log-format"),
    help: ArgumentHelp("Form of log lines on standard error.", valueName: "format"))
  var format = LineLog.Format.text

  @Option(
    name: .customLong("log-level"),
    help: ArgumentHelp(
      "Minimum level to log: trace, debug, info, notice, warning, error or critical.", valueName: "level"),
    transform: { name in
      guard let level = Logger.Level(rawValue: name) else {
        throw ValidationError(
          "unknown log level '\(name)'; use trace, debug, info, notice, warning, error or critical.")
      }
      return level
    })
  var level = Logger.Level.info

  /// The configuration of a command.
  struct Setting: Sendable {
    var configuration: Configuration
    var logger: Logger
    var environment: [String: String]
    /// The configuration including what the directory needs: its password, certificates and key.
    ///
    /// Throws if any of that is missing.
    var whole: @Sendable () throws -> Configuration

    /// Prints the warnings about the configuration.
    func warn() { Self.warn(of: configuration, logger) }

    static func warn(of configuration: Configuration, _ logger: Logger) {
      for warning in configuration.warnings {
        logger.warning("configuration", metadata: ["message": "\(warning)"])
      }
    }
  }

  /// Reads the configuration and runs `body` with it on the reactor; its result is the exit code,
  /// with which the process ends.
  ///
  /// - Parameters:
  ///   - failure: the exit code for every error, which is printed on standard error.
  ///   - needsDirectory: false for a command that only uses the database: the directory's password, certificates and
  ///     key may then be missing.
  func perform(
    failure: Int32 = 1, needsDirectory: Bool = true,
    _ body: @escaping @Reactor @Sendable (Setting) async throws -> Int32
  ) async throws {
    // Before the first secret is read.
    Hardening.apply()
    let code: Int32
    do {
      let setting = try load(needsDirectory: needsDirectory)
      code = try await Reactor.run { try await body(setting) }
    } catch {
      Self.fail(error, failure)
    }
    Reactor.end(code)
  }

  /// Prints why a command has failed, and ends the process.
  static func fail(_ error: any Error, _ code: Int32) -> Never {
    Output.error.say(
      "rollcall: \("\(error)".split(separator: "\n").map(\.description.printable).joined(separator: "\n"))")
    Reactor.end(code)
  }

  private func load(needsDirectory: Bool) throws -> Setting {
    let environment = ProcessInfo.processInfo.environment
    let named = file ?? environment["ROLLCALL_CONFIG"].flatMap { $0.isEmpty ? nil : $0 }
    let path = named ?? "rollcall.yaml"
    let configuration: Configuration
    do throws(ConfigurationError) {
      configuration = try Configuration.load(path: path, environment: environment, needsDirectory: needsDirectory)
    } catch {
      guard named == nil, error.problems.first?.mark == nil else { throw error }
      throw Complaint("\(error); name it with --config FILE or in ROLLCALL_CONFIG")
    }
    return Setting(configuration: configuration, logger: logger, environment: environment) {
      try Configuration.load(path: path, environment: environment)
    }
  }

  private var logger: Logger { Self.logger(format, level) }

  static func logger(_ format: LineLog.Format, _ level: Logger.Level) -> Logger {
    Logger(label: "rollcall") { _ in LineLog(format, level) }
  }
}

/// An error that consists of its message.
struct Complaint: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

extension LineLog.Format: ExpressibleByArgument {}
