internal import ArgumentParser
internal import RollcallAdministration
internal import RollcallEngine
internal import RollcallLedger

struct Metrics: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Prints the metrics of all directories of this database for Prometheus.",
    discussion: """
      Reads the database alone, so it works while the daemon or the directory is down. It prints every directory that keeps \
      its state in the database that source.connection names, in Prometheus' text format. No key, DN or name of a person \
      is in it. The daemon stores what it counts every five seconds; counters begin from 0 when it starts.

      Example, for the textfile collector of the node exporter, from cron:
        rollcall metrics >rollcall.prom.new && mv rollcall.prom.new /var/lib/prometheus/node-exporter/rollcall.prom

      Exit codes: 0, or 69 if the database cannot be read.
      """)

  @OptionGroup var options: GlobalOptions

  func run() async throws {
    try await options.perform(failure: 69, needsDirectory: false) { setting in
      let database = try Database(setting.configuration, timeout: 30_000)
      defer { database.close() }
      try Output.standard.write(try await MetricsPage.text(database))
      return 0
    }
  }
}
