internal import ArgumentParser
internal import Glibc
internal import RollcallAdministration

@main
struct RollcallCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollcall",
    abstract: "Keeps an LDAP directory in step with a PostgreSQL table of people, in near real time.",
    discussion: """
      To see it at work on throwaway servers:
        rollcall demo

      To set it up:
        rollcall init          proposes a configuration
        rollcall install       creates the schema, the triggers and the rights
        rollcall check         checks that everything is in place
        rollcall plan          shows what would change in the directory
        rollcall run           runs the daemon

      To operate it:
        rollcall status        shows lag, parked keys, held removals and problems
        rollcall top           shows lag, rate and the last writes, once a second
        rollcall metrics       prints metrics for Prometheus
        rollcall explain       explains why a person is, or is not, in the directory
        rollcall retry         tries parked keys again
        rollcall release       approves held removals
        rollcall history       shows what was written, when and why
        rollcall follow        hands each row of the journal to a program
        rollcall dashboard     serves a web page
        rollcall pin           stops writing for single people; rollcall unpin resumes it

      Every command but demo and init reads one configuration: --config FILE, or else $ROLLCALL_CONFIG, or else \
      rollcall.yaml. Usage errors exit 64.
      """,
    version: Version.text,
    subcommands: [
      Demo.self, Init.self, Install.self, Check.self, Plan.self, Run.self, Sync.self, Status.self, Top.self,
      Metrics.self,
      Explain.self, Retry.self,
      Release.self, Pin.self, Unpin.self, History.self, Undo.self, Follow.self,
      Dashboard.self, Uninstall.self,
    ])

  static func main() async {
    // A connection that the peer has closed is an error of one write, not the end of the process.
    signal(SIGPIPE, SIG_IGN)
    await main(nil)
  }
}
