internal import ArgumentParser
internal import FoundationEssentials
internal import PlainText
internal import Reactor
internal import RollcallAdministration
internal import RollcallConfiguration
internal import RollcallEngine
internal import RollcallLedger

struct Init: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Proposes a configuration for a table and a directory.",
    discussion: """
      Reads the table's columns, keys and comments and the directory's kind, schema and units, and prints a commented \
      configuration on standard output. A comment says where it guesses. What check would miss is told on standard \
      error: for slapd with cn=config (read as root over its socket) as LDIF, for the database as SQL. Of the rows it \
      reads the values of a status column and nothing else. It changes nothing without --apply, and prints no password.

      The account's password is taken from LDAP_PASSWORD, or from --password-file, and the configuration names it in \
      the same way. Without --bind-dn the directory is read as nobody, or as the user of its socket. On a terminal init \
      asks for what is not given.

      With --apply it adds what is missing, one line each, and replaces nothing: in slapd the unit, the account with a \
      password, its rights and limits, the index and the overlay ppolicy; in PostgreSQL the daemon's role. Units, \
      account and policy take the password of the directory's administrator (LDAP_ADMIN_PASSWORD). A password file \
      that does not exist is made.

      Examples:
        rollcall init --connection postgresql://postgres@db/hr --table users --url ldaps://ldap.example.com \\
          --bind-dn cn=rollcall,dc=example,dc=com > rollcall.yaml
        rollcall init --connection dbname=hr --table users --url ldapi:/// --apply > rollcall.yaml

      Exit codes: 0 if nothing is missing, 1 if something is, or if there is no configuration to propose.
      """)

  @Option(
    help: ArgumentHelp(
      "libpq connection string or URI of the table's owner. Default: $PGHOST and so on.", valueName: "uri"))
  var connection = ""

  @Option(help: ArgumentHelp("The table of people, with its schema if there are several.", valueName: "name"))
  var table: String?

  @Option(help: ArgumentHelp("The directory: ldap://, ldaps:// or ldapi://.", valueName: "url"))
  var url: String?

  @Flag(name: .customLong("starttls"), help: "Begin TLS on an ldap:// connection.")
  var startTLS = false

  @Option(
    help: ArgumentHelp("Certificates that the directory's must lead to, as PEM.", valueName: "file"),
    completion: .file())
  var ca: String?

  @Option(
    name: .customLong("bind-dn"),
    help: ArgumentHelp("The account of Rollcall. Default: cn=rollcall below the suffix.", valueName: "dn"))
  var bindDN: String?

  @Flag(help: "Bind as the user of the socket, without a password.")
  var external = false

  @Option(
    name: .customLong("password-file"),
    help: ArgumentHelp("The file with the account's password, as the configuration shall name it.", valueName: "file"))
  var passwordFile: String?

  @Option(help: ArgumentHelp("Names the directory in the database.", valueName: "name"))
  var name = "main"

  @Option(
    help: ArgumentHelp(
      "The daemon's role. Default: rollcall, or the role that connects if it owns nothing.", valueName: "name"))
  var role: String?

  @Option(help: ArgumentHelp("The column that identifies a person. Default: the primary key.", valueName: "column"))
  var key: String?

  @Option(help: ArgumentHelp("The column, or SQL expression, with the user name.", valueName: "column"))
  var username: String?

  @Option(help: ArgumentHelp("SQL condition: who may log in.", valueName: "sql"))
  var active: String?

  @Option(help: ArgumentHelp("The entry below which people are.", valueName: "dn"))
  var base: String?

  @Option(help: ArgumentHelp("The attribute that names an entry.", valueName: "attribute"))
  var naming: String?

  @Option(help: ArgumentHelp("The attribute that carries the key.", valueName: "attribute"))
  var link: String?

  @Option(name: .customLong("groups-base"), help: ArgumentHelp("The entry below which groups are.", valueName: "dn"))
  var groupsBase: String?

  @Flag(name: .customLong("no-groups"), help: "Propose no groups.")
  var noGroups = false

  @Flag(help: "Add what is missing in slapd and in PostgreSQL.")
  var apply = false

  @Option(help: ArgumentHelp("slapd's socket. Default: ldapi:///, if --url is this machine.", valueName: "url"))
  var socket: String?

  @Option(
    name: .customLong("admin-dn"),
    help: ArgumentHelp("The directory's administrator. Default: the database's olcRootDN.", valueName: "dn"))
  var administrator: String?

  func validate() throws {
    if external, bindDN != nil || passwordFile != nil {
      throw ValidationError("--external takes neither --bind-dn nor --password-file.")
    }
  }

  func run() async throws {
    Hardening.apply()
    let environment = ProcessInfo.processInfo.environment
    let prompt = Prompt()
    let settings = try self.settings(environment, prompt)
    let code: Int32
    do {
      code = try await Reactor.run {
        let initializer = Initializer(settings)
        initializer.onLine = { line in
          Output.error.say(
            line.split(separator: "\n", omittingEmptySubsequences: false).map(\.description.printable).joined(
              separator: "\n"))
        }
        if let prompt {
          initializer.onQuestion = { question, suggestion, isSecret in
            await Reactor.blocking { prompt.ask(question, suggestion, isSecret: isSecret) }
          }
        }
        guard let text = try await initializer.run() else { return 1 }
        try Output.standard.write(text)
        return initializer.isComplete ? 0 : 1
      }
    } catch {
      GlobalOptions.fail(error, 1)
    }
    Reactor.end(code)
  }

  private func settings(_ environment: [String: String], _ prompt: Prompt?) throws -> Initializer.Settings {
    guard let url = url ?? prompt?.ask("The directory's URL", "ldapi:///", isSecret: false) else {
      throw ValidationError("name the directory: --url URL.")
    }
    if table == nil, prompt == nil { throw ValidationError("name the table of people: --table NAME.") }
    do throws(DirectoryURL.Invalid) { _ = try DirectoryURL(parsing: url) } catch {
      throw ValidationError("--url \(url.printable) \(error).")
    }
    var settings = Initializer.Settings()
    var wishes = InitWishes()
    (wishes.url, wishes.name, wishes.key, wishes.username) = (url, name, key, username)
    (wishes.active, wishes.base, wishes.naming, wishes.link) = (active, base, naming, link)
    (wishes.groupsBase, wishes.groups, wishes.external) = (groupsBase, !noGroups, external)
    (wishes.startTLS, wishes.ca, wishes.bindDN, wishes.passwordFile) = (startTLS, ca, bindDN, passwordFile)
    settings.wishes = wishes
    settings.connection = Secret(connection)
    (settings.table, settings.role, settings.socket) = (table, role, socket)
    (settings.administrator, settings.environment, settings.applies) = (administrator, environment, apply)
    return settings
  }
}
