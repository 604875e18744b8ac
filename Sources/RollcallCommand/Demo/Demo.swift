internal import ArgumentParser
internal import Reactor
internal import Sandbox

struct Demo: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows Rollcall at work on throwaway servers.",
    discussion: """
      Starts its own PostgreSQL and slapd in a temporary folder, installs Rollcall between them, writes to the table as \
      HR would, and shows for each write the SQL, the resulting entry and the time between. It stops the servers and \
      deletes their files at the end. The packages postgresql, slapd and ldap-utils must be installed; their services \
      need not run.

      Examples:
        rollcall demo
        rollcall demo --keep         leaves the servers up and prints commands to try
        rollcall demo --dashboard    the same, with the web page; needs rollcall-dashboard beside this program

      Exit codes: 0 on success, 1 on an error.
      """)

  @Flag(help: "Leave the servers running until Ctrl-C.")
  var keep = false

  @Flag(help: "Leave the servers running until Ctrl-C, with the web page on them.")
  var dashboard = false

  func run() async throws {
    do {
      try await TemporaryFolder.with { folder in
        let site = try await DemoSite.start(in: folder)
        do { try await DemoStory(site).tell() } catch {
          throw Complaint("\(error)\nLast lines of the daemon's log:\n\(await site.lastWords())")
        }
        if keep || dashboard { try await stay(site) }
      }
      Output.standard.say("\nThe servers were stopped and their files deleted.")
    } catch {
      Output.error.say("rollcall: \(error)")
      throw ExitCode(1)
    }
  }

  private func stay(_ site: DemoSite) async throws {
    try await site.startDaemon()
    try await site.untilReady()
    if dashboard {
      let page = try await site.startDashboard()
      Output.standard.say("\nThe web page is at \(page.address) with the token \(page.token)")
    }
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
