internal import ArgumentParser
internal import PlainText
internal import RollcallAdministration
internal import RollcallEngine

struct Install: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Prepares or upgrades the database: the schema, the triggers, the daemon's rights.",
    discussion: """
      Creates the schema rollcall, adds triggers to the tables of the configuration for the columns that the mapping \
      reads, and grants the daemon's role the rights that it needs. The first time it takes a superuser, or a role with \
      CREATEROLE and CREATE on the database; later the tables' owner can run it. Run it again after every change of the \
      mapping, and to upgrade; it keeps what is already there. If another role installed the schema, it prints the \
      grants that the tables' owner lacks. It yields to concurrent writers.

      Examples:
        rollcall install --connection postgresql://hr_owner@db/hr
        PGPASSWORD=… rollcall install --connection 'host=db dbname=hr user=postgres'

      Other users of this machine can see a password on the command line: use PGPASSWORD, a password file or a service.

      Exit codes: 0 on success, 1 on an error.
      """)

  @OptionGroup var options: GlobalOptions

  @Option(
    help: ArgumentHelp(
      "libpq connection string or URI for the tables' owner. Default: source.connection.",
      valueName: "uri"))
  var connection: String?

  @Option(help: ArgumentHelp("The daemon's role. Default: the user of source.connection.", valueName: "name"))
  var role: String?

  func run() async throws {
    let (connection, role, options) = (self.connection, self.role, self.options)
    try await options.perform(needsDirectory: false) { setting in
      let installer = try Installer(setting.configuration, connection: connection, role: role)
      defer { installer.close() }
      installer.onStep = { Output.standard.say($0.printable) }
      let bar = ProgressBar(options, setting.environment) {
        .init(what: installer.now, done: installer.watched?.done, total: installer.watched?.of)
      }
      defer { bar?.end() }
      try await installer.install()
      return 0
    }
  }
}
