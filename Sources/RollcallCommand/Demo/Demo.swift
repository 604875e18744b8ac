internal import ArgumentParser
internal import Reactor
internal import Sandbox

struct Demo: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows Rollcall at work, on throwaway servers that go away with it.",
    discussion: """
      Starts a PostgreSQL and a slapd of its own in a temporary folder, installs Rollcall between them, writes to the \
      table as HR would, and shows for each write the SQL, the entry that came of it and the time between. Nothing is \
      left behind. It takes PostgreSQL's server, slapd and ldap-utils on this machine, and none of their services.

      Examples:
        rollcall demo
        rollcall demo --keep    and then play with it: the lines to type are printed

      Exit codes: 0 all went as told, 1 an error.
      """)

  @Flag(help: "Leave the servers up afterwards, until Ctrl-C.")
  var keep = false

  func run() async throws {
    do {
      try await TemporaryFolder.with { folder in
        let site = try await DemoSite.start(in: folder)
        do { try await DemoStory(site).tell() } catch {
          throw Complaint("\(error)\nThe end of what the daemon said:\n\(await site.lastWords())")
        }
        if keep { try await stay(site) }
      }
      Output.standard.say("\nThe servers are stopped and their folder is gone.")
    } catch {
      Output.error.say("rollcall: \(error)")
      throw ExitCode(1)
    }
  }

  private func stay(_ site: DemoSite) async throws {
    try await site.startDaemon()
    try await site.untilReady()
    Output.standard.say(
      """

      Everything stays up until Ctrl-C. To play with, in another terminal:

        \(site.psqlLine)
        \(site.searchLine)
        \(site.rollcallLine("status"))
        \(site.rollcallLine("plan"))
        tail -f \(site.daemonLog)
      """)
    await DemoSite.untilInterrupted()
  }
}
