internal import ArgumentParser
internal import Logging
internal import RollcallAdministration
internal import RollcallConfiguration

struct Run: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Runs the daemon, which keeps the directory in step.",
    discussion: """
      A notification tells it of each commit; it reads the row and the entry, and writes what differs. When it starts, it \
      reads the changes that it has missed from the change log. If another process already leads the directory, it stands by and takes \
      over when that process ends.

      It does not start if triggers are missing or do not cover the columns that the mapping reads; the message names \
      the command that fixes this. It waits while PostgreSQL or the directory is unavailable.

      On SIGTERM or SIGINT it finishes the writes in flight and ends; on a second signal it ends at once. For systemd, \
      use Type=notify: it sends READY=1 when it is connected and leads or stands by, STATUS= with its state, and \
      WATCHDOG=1 at half of WatchdogSec as long as it works.

      On SIGHUP it reads the configuration anew. It goes on with it if both servers answer and nothing forbids it; \
      otherwise it logs the error and goes on with the one that it has. The name, the table or query, the key, the \
      database, the base and the link attribute cannot change in a running daemon: restart it.

      Example, which logs one line for each applied change on standard error:
        rollcall run --config /etc/rollcall.yaml --log-format json

      Exit codes: 0 after a clean end, 1 if it cannot start.
      """)

  @OptionGroup var options: GlobalOptions

  func run() async throws {
    try await options.perform { setting in
      setting.logger.notice(
        "starting", metadata: ["version": "\(Version.text)", "configuration": "\(setting.configuration.file)"])
      setting.warn()
      try await Service(setting).run()
      return 0
    }
  }
}
