internal import ArgumentParser
internal import PlainText
internal import RollcallEngine

struct Install: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Prepares the database: schema, triggers on the watched tables, rights of the daemon.",
    discussion: """
      Applies the SQL that this program brings along, watches the tables of the configuration for changes of the columns \
      that the mapping reads, and grants the daemon's role what it needs and no more. It runs as the tables' owner; the \
      schema takes a superuser, or CREATEROLE and CREATE on the database, the first time. Run it again after every \
      change of the mapping, and to upgrade: what is there already is left. Where somebody else has installed the schema, \
      it prints the grants that the tables' owner lacks. Writers are given way to.

      Examples:
        rollcall install --connection postgresql://hr_owner@db/hr
        PGPASSWORD=… rollcall install --connection 'host=db dbname=hr user=postgres'

      A password on the command line can be seen by others on this machine: use PGPASSWORD, a password file or a service.

      Exit codes: 0 done, 1 an error.
      """)

  @OptionGroup var options: GlobalOptions

  @Option(
    help: ArgumentHelp(
      "How to connect as the tables' owner: a libpq URI or keywords; else as the daemon does.",
      valueName: "uri"))
  var connection: String?

  @Option(help: ArgumentHelp("The daemon's role; else the user of source.connection.", valueName: "name"))
  var role: String?

  func run() async throws {
    let (connection, role) = (self.connection, self.role)
    try await options.perform(needsDirectory: false) { setting in
      let installer = try Installer(setting.configuration, connection: connection, role: role)
      defer { installer.close() }
      installer.onStep = { Output.standard.say($0.printable) }
      try await installer.install()
      return 0
    }
  }
}
