internal import ArgumentParser
internal import Glibc
internal import Sandbox

@main
struct RollcallBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollcall-bench",
    abstract: "Measures Rollcall beside the floor: a bare loop on the same C libraries and the same servers.",
    discussion: """
      Starts a throwaway PostgreSQL and slapd, runs each work with the release executable `rollcall` found beside this
      one and, where there is one, with the floor, and prints the medians of the rounds and their ratio.

      Examples:
        rollcall-bench
        rollcall-bench --only latency,load --size 5000 --rounds 5 --durable
        rollcall-bench --only references,keys --size 1000 --nosync
        rollcall-bench --busy --only change
        rollcall-bench --json | jq '.figures[] | select(.ratio)'
      """)

  @Option(help: "Only these works, parted by commas: \(Work.names).")
  var only: Works = Works(list: Work.allCases)

  @Option(
    help: """
      People in the table; by default 5000 for the durable slapd and 40000 for dbnosync, and for both \
      \(MeasuredMapping.references.size(durable: true)) for references, \(MeasuredMapping.keys.size(durable: true)) for keys.
      """)
  var size: Int?

  @Option(help: "Rounds, of which the median counts.")
  var rounds = 3

  @Flag(help: "Only the slapd that syncs every write to its disk.")
  var durable = false

  @Flag(help: "Only the slapd that does not (dbnosync).")
  var nosync = false

  @Flag(
    help: """
      Beside others that use the same servers: pgbench at \(Competition.rate) transactions a second in another database, and \
      ldapsearch of the whole directory without a pause. The floor is measured beside them, too.
      """)
  var busy = false

  @Flag(help: "Print one JSON object instead of a table.")
  var json = false

  func validate() throws {
    if rounds < 1 { throw ValidationError("--rounds: at least 1") }
    if let size, size < 100 { throw ValidationError("--size: at least 100") }
    if durable && nosync { throw ValidationError("--durable and --nosync exclude each other") }
  }

  func run() async throws {
    signal(SIGPIPE, SIG_IGN)
    var report = Report()
    for isDurable in [true, false] where isDurable ? !nosync : !durable {
      for mapping in MeasuredMapping.allCases {
        let works = only.list.filter { $0.mapping == mapping && (isDurable || !$0.concernsPostgresOnly) }
        if !works.isEmpty { try await measure(works, mapping, isDurable, &report) }
      }
    }
    print(json ? report.json : report.table)
  }

  /// Measures works that share a mapping, on servers of their own.
  private func measure(
    _ works: [Work], _ mapping: MeasuredMapping, _ isDurable: Bool, _ report: inout Report
  ) async throws {
    try await TemporaryFolder.with { folder in
      let stage = try await Stage.start(in: folder, mapping, durable: isDurable, size: size, busy: busy)
      if busy { try await stage.fill() }
      let competition = busy ? try await Competition.start(beside: stage) : nil
      for work in works {
        for round in 1...rounds {
          Progress.say("\(stage.label): \(work.rawValue), round \(round) of \(rounds)")
          try await work.measure(on: stage, round: round, into: &report)
        }
      }
      try await competition?.stop()
      await stage.end()
    }
  }
}

/// Progress messages on standard error.
enum Progress {
  static func say(_ text: String) {
    let line = Array("\(text)\n".utf8)
    _ = unsafe write(STDERR_FILENO, line, line.count)
  }
}
