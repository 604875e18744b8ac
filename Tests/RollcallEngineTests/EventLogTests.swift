import LDAPModel
import Logging
import Reactor
import RollcallCore
import Synchronization
import Testing

@testable import RollcallEngine
@testable import RollcallLedger

/// What the log says of what happens.
@Suite struct EventLogTests {
  private static let dn = DistinguishedName(unchecked: "uid=ada,ou=users,dc=example,dc=com")

  private static func update(_ key: RosterKey) -> Step {
    let change = Modification(.replace, "mail", ["ada@secret.example"])
    return Step(key: key, operation: .modify(dn, [change, change]), what: .update)
  }

  @Test func aStepIsToldByNamesAndNeverByValues() {
    let event = Event.applied(Self.update("7"), after: .milliseconds(12), isBulk: false)
    let line = event.line
    #expect(line?.message == "applied")
    #expect(
      line?.fields.map { "\($0.name)=\($0.value)" } == [
        "key=7", "dn=\(Self.dn.text)", "what=update", "attributes=mail", "ms=12.0",
      ])
    #expect(event.level == .info)
  }

  @Test func manyKeysAreCutAndCounted() {
    let removals = (1...60).map { Removal(key: RosterKey("\($0)"), action: .delete, dn: Self.dn) }
    let line = Event.held(removals, .firstComparison).line
    let fields = Dictionary(uniqueKeysWithValues: line?.fields.map { ($0.name, $0.value) } ?? [])
    #expect(fields["count"] == "60")
    #expect(fields["keys"]?.hasSuffix(" 49 50 and 10 more") == true)
    #expect(fields["why"] == RemovalBudget.Reason.firstComparison.explanation)
  }

  @Test func whatWasSaidBeforeIsForDebuggingOnly() {
    let problem = Problem(.schema, "key 7: no")
    #expect(Event.parked("7", problem, isNews: true).level == .warning)
    #expect(Event.parked("7", problem, isNews: false).level == .debug)
  }

  @Test func bulkWorkIsSummedUp() async throws {
    let lines = Lines()
    try await Reactor.run {
      let log = EventLog(lines.logger(.info))
      for key in ["1", "2", "3"] { log.note(.applied(Self.update(RosterKey(key)), after: nil, isBulk: true)) }
      log.note(.batchEnded(waiting: 2000))
      log.note(.batchEnded(waiting: 0))
      log.note(.batchEnded(waiting: 0))
    }
    #expect(lines.all == ["info applied many waiting=0 what=update 3"])
  }

  @Test func eachStepOfBulkWorkIsThereForDebugging() async throws {
    let lines = Lines()
    try await Reactor.run {
      let log = EventLog(lines.logger(.debug))
      log.note(.applied(Self.update("1"), after: nil, isBulk: true))
      log.note(.batchEnded(waiting: 0))
    }
    #expect(lines.all.count == 2)
    #expect(lines.all.first?.hasPrefix("debug applied ") == true)
  }

  @Test func belowItsLevelNothingIsWritten() async throws {
    let lines = Lines()
    try await Reactor.run {
      let log = EventLog(lines.logger(.warning))
      log.note(.applied(Self.update("1"), after: nil, isBulk: true))
      log.note(.batchEnded(waiting: 0))
      log.note(.comparing(because: "it is time"))
      log.note(.paused(because: "no answer"))
    }
    #expect(lines.all == ["warning paused error=no answer"])
  }
}

/// Log records in memory.
private final class Lines: Sendable {
  private let lines = Mutex<[String]>([])

  var all: [String] { lines.withLock { $0 } }

  func logger(_ level: Logger.Level) -> Logger {
    var logger = Logger(label: "test") { _ in Handler(lines: self) }
    logger.logLevel = level
    return logger
  }

  private struct Handler: LogHandler {
    let lines: Lines
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .trace
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      let fields = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
      lines.lines.withLock { $0.append("\(event.level) \(event.message)\(fields)") }
    }
  }
}
