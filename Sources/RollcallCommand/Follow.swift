internal import ArgumentParser
internal import PlainText
internal import RollcallAdministration
internal import RollcallConfiguration
internal import RollcallEngine
internal import RollcallLedger

struct Follow: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Passes each row of the journal to a program.",
    discussion: """
      Starts the program for each row that is written from the first start on, with one JSON object on its standard \
      input, as rollcall history --json prints it. Exit code 0 means that the program has taken the row. With --batch the \
      program stays: it reads a line for each row, and answers each line with a line, in their order: ok, or what was wrong.

      Each row is passed on at least once, and rows of one person in their order; a slow or failing person delays no \
      other. A row that is not taken is tried again; after three attempts its person is parked, shown by rollcall status, \
      and tried again from time to time. The position is kept in the database under the name; one process follows under a \
      name, and several names may follow side by side. The daemon does not wait for any of them. The program's \
      environment has none of the variables that the configuration uses.

      Examples:
        rollcall follow mail --action create,delete --exec /usr/local/bin/mailbox --quota 1G
        rollcall follow audit --batch --exec /usr/local/bin/ship-to-siem
        rollcall follow audit --forget

      Exit codes: 0 after a clean end, 1 on an error, or if another process follows under this name.
      """)

  @OptionGroup var options: GlobalOptions

  @Argument(help: "Names the position: at most 63 letters, digits, -, _ and .")
  var name: String

  @Flag(help: "The program stays, reads a line for each row and answers each with a line.")
  var batch = false

  @Option(
    help: ArgumentHelp("Pass on only rows with these actions, such as create,delete,hold.", valueName: "actions"),
    transform: History.actions)
  var action: [String]?

  @Option(
    help: ArgumentHelp("How long the program may take for one row. Default: 60s.", valueName: "time"),
    transform: Self.span)
  var timeout: Duration = .seconds(60)

  @Option(
    help: ArgumentHelp(
      "Maximum number of rows behind; older rows are skipped, and status reports it.", valueName: "number"))
  var limit = 1_000_000

  @Flag(help: "Delete the position and what is parked under this name.")
  var forget = false

  @Option(
    name: .customLong("exec"), parsing: .remaining,
    help: ArgumentHelp("The program and its arguments: the rest of the line.", valueName: "command"))
  var command: [String] = []

  func validate() throws {
    let isName = name.utf8.allSatisfy { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
      default: "-_.".utf8.contains(byte)
      }
    }
    guard isName, !name.isEmpty, name.utf8.count <= 63 else {
      throw ValidationError("'\(name.printable)' must consist of at most 63 letters, digits, -, _ and .")
    }
    if forget == !command.isEmpty { throw ValidationError("Give either --exec COMMAND or --forget.") }
    if limit < 1 { throw ValidationError("--limit must be at least 1.") }
  }

  static func span(_ text: String) throws -> Duration {
    guard let span = DurationText.parse(text), span > .zero else {
      throw ValidationError("'\(text)' is not a time such as 500ms, 60s or 5m.")
    }
    return span
  }

  func run() async throws {
    let command = self
    try await options.perform(needsDirectory: false) { setting in
      if command.forget {
        let found = try await Follower.forget(command.name, setting.configuration)
        Output.standard.say(
          found ? "the follower \(command.name) was forgotten" : "there is no follower \(command.name)")
        return found ? 0 : 1
      }
      let follower = Follower(
        setting.configuration,
        Follower.Options(
          name: command.name, words: command.command, stays: command.batch, actions: command.action,
          deadline: command.timeout, limit: command.limit),
        environment: setting.environment, line: { $0.json.line },
        say: { Output.error.say("\(LineLog.now()) rollcall follow \(command.name): \($0.printable)") })
      let signals = Signals(end: { follower.stop() })
      defer { signals.cancel() }
      try await follower.follow()
      return 0
    }
  }
}
