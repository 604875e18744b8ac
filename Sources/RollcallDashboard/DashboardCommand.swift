internal import ArgumentParser
internal import FoundationEssentials
internal import Glibc
internal import Postgres
internal import Reactor
internal import RollcallAdministration
internal import RollcallConfiguration
internal import RollcallLedger
internal import RollcallPages

@main
struct DashboardCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollcall-dashboard",
    abstract: "Serves a web page with the state of all directories of a database, and /metrics.",
    discussion: """
      It reads status and journal from PostgreSQL, and asks the daemon that leads for what needs the directory. It holds \
      no password of the directory. Its database role needs what grants.sql -v viewer=NAME gives.

      It listens on 127.0.0.1:8473. Whoever wants to see a page needs a token: the one in --token-file, or else one that \
      is printed once at the start. /metrics and /healthz need none and hold no personal data.

      Without --actions it only shows. With it, and with grants.sql -v operator=NAME, held removals can be released, \
      parked keys tried again, and people pinned, unpinned and synchronized.

      Examples:
        rollcall dashboard --config /etc/rollcall/main.yaml
        rollcall dashboard --connection 'host=db dbname=hr user=rollcall_page' --token-file /etc/rollcall/token
        rollcall dashboard --listen unix:/run/rollcall/dashboard.sock --host hr.example.com

      Exit codes: 0 after an orderly end, 1 if it cannot start. Usage errors exit 64.
      """,
    version: Version.text)

  @Option(
    name: .customLong("config"),
    help: ArgumentHelp(
      "A configuration file, whose source.connection is used. Default: $ROLLCALL_CONFIG, or else rollcall.yaml.",
      valueName: "file"),
    completion: .file(extensions: ["yaml", "yml"]))
  var file: String?

  @Option(
    help: ArgumentHelp(
      "How to connect to PostgreSQL, in place of a configuration file; empty for the PG* environment.",
      valueName: "conninfo"))
  var connection: String?

  @Option(
    help: ArgumentHelp(
      "Where to listen: HOST:PORT, or unix:PATH for a socket with the permissions 0660. Default: 127.0.0.1:8473.",
      valueName: "address"),
    transform: { text in
      do throws(ListenAddress.Invalid) { return try ListenAddress(parsing: text) } catch {
        throw ValidationError("--listen \(error).")
      }
    })
  var listen = ListenAddress.standard

  @Flag(
    help: "Listen on an address that other machines can reach. The connection is not encrypted: use a proxy with TLS.")
  var expose = false

  @Option(
    help: ArgumentHelp(
      "A name by which browsers or a proxy ask for this server, with its port if it is not 80 or 443; may be repeated.",
      valueName: "name"))
  var host: [String] = []

  @Option(
    help: ArgumentHelp(
      "The file whose first line is the token. It is refused if others than its owner and group may read it.",
      valueName: "file"), completion: .file())
  var tokenFile: String?

  @Flag(help: "Take actions, not only show.")
  var actions = false

  /// The daemon and the directory come first where they are on the same machine: libdispatch's threads of the
  /// background priority have the niceness 10, and the reactor's and the web server's inherit it.
  static func main() async {
    await withCheckedContinuation { ended in
      Task.detached(priority: .background) {
        await main(nil)
        ended.resume()
      }
    }
  }

  func validate() throws {
    if connection != nil, file != nil { throw ValidationError("Give one of --config and --connection.") }
    if !listen.isLocal, !expose {
      throw ValidationError(
        "--listen: other machines can reach this address. Add --expose if that is meant; put a proxy with TLS before it."
      )
    }
  }

  func run() async throws {
    do { try await serve() } catch {
      ProcessOutput.error("rollcall-dashboard: \(error)\n")
      Reactor.end(1)
    }
    Reactor.end(0)
  }

  private func serve() async throws {
    signal(SIGPIPE, SIG_IGN)
    let token: AccessToken
    if let tokenFile { token = try AccessToken(file: tokenFile) } else { token = AccessToken.make() }
    let source = try self.source()
    let reader = await LedgerReader(source.options, behindAfter: source.behindAfter)
    do {
      try await Reactor.run { try await reader.requireInstalled() }
    } catch EngineError.database(let failure) where failure.isConnectionLost {
      // The page says so, and works when the database is back.
      ProcessOutput.error("rollcall-dashboard: the database does not answer yet: \(failure)\n")
    }
    try await Site(self, token, reader).run()
  }

  /// Where to read, and when a directory counts as behind.
  private func source() throws -> (options: ConnectionOptions, behindAfter: Duration) {
    let name = "rollcall-dashboard"
    if let connection {
      return (try ConnectionOptions(connection, applicationName: name, readWrite: false), .seconds(120))
    }
    let environment = ProcessInfo.processInfo.environment
    let named = file ?? environment["ROLLCALL_CONFIG"].flatMap { $0.isEmpty ? nil : $0 }
    let configuration = try Configuration.load(
      path: named ?? "rollcall.yaml", environment: environment, needsDirectory: false)
    return (
      try ConnectionOptions(configuration.source.connection.text, applicationName: name, readWrite: false),
      configuration.behindAfter
    )
  }
}
