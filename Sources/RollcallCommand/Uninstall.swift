internal import ArgumentParser
internal import RollcallAdministration
internal import RollcallConfiguration
internal import RollcallEngine

struct Uninstall: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Deletes this directory's state; with --all removes Rollcall from the database.",
    discussion: """
      Deletes this directory's state from the database: its watermark, and what is parked and held. The entries in the \
      directory stay as they are. With --all it drops the triggers, the schema with the state of every directory, and the \
      roles that own them; this needs the same rights as install. If views, functions or columns of others depend on the \
      schema, it names them and drops nothing; with --cascade it drops them, too.

      Example:
        rollcall uninstall --all --connection postgresql://postgres@db/hr

      Exit codes: 0 on success, 1 on an error.
      """)

  @OptionGroup var options: GlobalOptions

  @Flag(help: "Drop the triggers and the whole schema, for all directories.")
  var all = false

  @Flag(help: "With --all: drop objects of others that depend on the schema, too.")
  var cascade = false

  @Option(
    help: ArgumentHelp("libpq connection string or URI. Default: source.connection.", valueName: "uri"))
  var connection: String?

  func validate() throws {
    if cascade, !all { throw ValidationError("--cascade is for --all: nothing depends on one directory's state") }
  }

  func run() async throws {
    let (connection, all, cascade) = (self.connection, self.all, self.cascade)
    try await options.perform(needsDirectory: false) { setting in
      let uninstaller = try Uninstaller(setting.configuration, connection: connection)
      defer { uninstaller.close() }
      let name = setting.configuration.name
      if all {
        try await uninstaller.removeAll(cascade: cascade)
        Output.standard.say("the triggers and the schema rollcall with its state were dropped")
      } else {
        let found = try await uninstaller.forgetDirectory()
        Output.standard.say(found ? "the state of \"\(name)\" was deleted" : "no state of \"\(name)\" was found")
        if uninstaller.keepsJournal {
          Output.error.say(
            "its journal is kept for 90 days; to delete it now, run uninstall with the rights of rollcall_owner")
        }
      }
      return 0
    }
  }
}
