internal import ArgumentParser
internal import RollcallEngine

struct Uninstall: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Forgets this directory; with --all takes Rollcall out of the database.",
    discussion: """
      Deletes what the database remembers of this directory: its watermark, what is parked and held. The entries in the \
      directory stay as they are. With --all it drops the triggers, the schema with the state of every directory, and the \
      role that owns them; that takes the rights that install takes.

      Example:
        rollcall uninstall --all --connection postgresql://postgres@db/hr

      Exit codes: 0 done, 1 an error.
      """)

  @OptionGroup var options: GlobalOptions

  @Flag(help: "Drop the triggers and the whole schema, for all directories.")
  var all = false

  @Option(
    help: ArgumentHelp("How to connect: a libpq URI or keywords; else as the daemon does.", valueName: "uri"))
  var connection: String?

  func run() async throws {
    let (connection, all) = (self.connection, self.all)
    try await options.perform(needsDirectory: false) { setting in
      let uninstaller = try Uninstaller(setting.configuration, connection: connection)
      defer { uninstaller.close() }
      let name = setting.configuration.name
      let found = try await uninstaller.forgetDirectory()
      if all {
        try await uninstaller.removeAll()
        Output.standard.say("the triggers, the schema rollcall and its state are gone")
      } else {
        Output.standard.say(found ? "the state of \"\(name)\" is gone" : "there is no state of \"\(name)\"")
      }
      return 0
    }
  }
}
