internal import ArgumentParser
internal import Logging
internal import Reactor
internal import RollcallEngine

struct Run: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "The daemon: keeps the directory in step until it is told to end.",
    discussion: """
      Hears of each commit by a notification, reads the row and the entry, and writes what differs. What it misses \
      while it is away it finds in the change log when it returns. Where another process leads the directory already, \
      it stands by and takes over when that one ends.

      It does not start when the triggers are missing or do not cover what the mapping reads; the message names the \
      command that mends that. PostgreSQL or the directory being away is no reason to end: it waits for them.

      SIGTERM and SIGINT finish what is in flight and end it; a second one ends it at once. Under systemd use \
      Type=notify: READY=1 comes when it is connected and leads or stands by, STATUS= says how it is, and WATCHDOG=1 \
      comes at half of WatchdogSec as long as it works.

      Example, one line an applied change on standard error:
        rollcall run --config /etc/rollcall.yaml --log-format json

      Exit codes: 0 after an orderly end, 1 when it cannot start.
      """)

  @OptionGroup var options: GlobalOptions

  func run() async throws {
    try await options.perform { setting in
      setting.logger.notice(
        "starting", metadata: ["version": "\(Version.text)", "configuration": "\(setting.configuration.file)"])
      setting.warn()
      let daemon = Daemon(try Engine(setting.configuration, logger: setting.logger))
      let supervisor = Supervisor(setting.environment)
      supervisor?.keepInformed()
      var last = ""
      daemon.onStatus = { status in
        if status != last { supervisor?.tell([("STATUS", status)]) }
        last = status
      }
      daemon.onReady = { supervisor?.tell([("READY", "1")]) }
      let signals = TerminationSignals {
        supervisor?.tell([("STOPPING", "1")])
        daemon.stop()
      }
      defer { signals.cancel() }
      try await daemon.run()
      return 0
    }
  }
}
