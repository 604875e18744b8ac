internal import ArgumentParser
internal import Glibc

@main
struct RollcallCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollcall",
    abstract: "Keeps an LDAP directory in step with a PostgreSQL table of people, in near real time.",
    discussion: """
      To see it work, on throwaway servers that go away with it:
        rollcall demo

      To set it up:
        rollcall install       as the owner of the table: schema, triggers, rights
        rollcall check         whether everything is in place; changes nothing
        rollcall plan          what would change in the directory; changes nothing
        rollcall run           the daemon

      To look after it:
        rollcall status        how far it is, and what waits for a person
        rollcall retry, rollcall release

      Every command reads one configuration: --config FILE, else $ROLLCALL_CONFIG, else rollcall.yaml. \
      Usage errors exit 64.
      """,
    version: Version.text,
    subcommands: [
      Demo.self, Install.self, Check.self, Plan.self, Run.self, Sync.self, Status.self, Retry.self,
      Release.self,
      Uninstall.self,
    ])

  static func main() async {
    // A connection that the other side has closed is an error of one write, not the end of the process.
    signal(SIGPIPE, SIG_IGN)
    await main(nil)
  }
}
