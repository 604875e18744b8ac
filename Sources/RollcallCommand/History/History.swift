internal import ArgumentParser
internal import Glibc
internal import LDAPModel
internal import Logging
internal import PlainText
internal import Reactor
internal import RollcallAdministration
internal import RollcallConfiguration
internal import RollcallCore
internal import RollcallEngine
internal import RollcallLedger

struct History: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows what was written to the directory, when, why, and by which transaction.",
    discussion: """
      Prints the journal, newest row first: what was written, what was parked, held or approved, and what was refused. It \
      reads only the database, so it works while the daemon or the directory is down. Text output shows the last 100 \
      rows; --json, --ldif and --limit 0 print all.

      Examples:
        rollcall history 17
        rollcall history --dn uid=ada,ou=users,dc=example,dc=com
        rollcall history --xid 741 --json
        rollcall history --since 2h --action delete,disable
        rollcall history 17 --ldif > what-was-written.ldif
        rollcall history --follow
        rollcall history --erase 17 --because "her request of 2026-11-20"

      With --erase it permanently erases a person's values, names and messages from the journal. The rows keep the time, \
      the action and the names of attributes; undo cannot restore such values.

      Exit codes: 0 on success, 1 on an error, or if a removal in progress could not be erased yet.
      """)

  /// The number of rows that are shown, and of those that --follow begins with.
  private static let most = (shown: 100, before: 10)

  @OptionGroup var options: GlobalOptions

  @Argument(help: "The person's key. Default: all.")
  var key: String?

  @Option(help: ArgumentHelp("Rows that name this entry, before or after a rename.", valueName: "DN"))
  var dn: String?

  @Option(help: ArgumentHelp("Rows that this transaction of the table caused.", valueName: "number"))
  var xid: UInt64?

  @Option(
    help: ArgumentHelp(
      "Rows since a time (2026-11-27T02:00:00Z; UTC unless it says otherwise), or of the last 90s, 30m, 2h or 3d.",
      valueName: "time"),
    transform: Self.since)
  var since: HistoryFilter.Since?

  @Option(
    help: ArgumentHelp("Rows of these actions, such as create,delete,hold.", valueName: "actions"),
    transform: Self.actions)
  var action: [String]?

  @Option(help: ArgumentHelp("Number of rows; 0 for all.", valueName: "number"))
  var limit: Int?

  @Flag(help: "Print one JSON object a line.")
  var json = false

  @Flag(help: "Print the changes as LDIF, oldest first, so that they can be applied again.")
  var ldif = false

  @Flag(help: "Print the last rows, newest last, and then new rows as they are written.")
  var follow = false

  @Option(help: ArgumentHelp("Erase this person's values from the journal.", valueName: "key"))
  var erase: String?

  @Option(help: ArgumentHelp("With --erase: why, for the journal.", valueName: "text"))
  var because: String?

  func validate() throws {
    if (erase == nil) != (because == nil) { throw ValidationError("--erase KEY and --because TEXT go together.") }
    if erase != nil, key != nil || dn != nil || xid != nil || since != nil || action != nil || follow || ldif || json {
      throw ValidationError("--erase takes nothing but --because: all rows of the person are erased.")
    }
    if let because, because.allSatisfy(\.isWhitespace) { throw ValidationError("--because is empty.") }
    if json, ldif { throw ValidationError("Give only one of --json and --ldif.") }
    if let limit, limit < 0 { throw ValidationError("--limit is a number of rows; 0 for all.") }
  }

  static func since(_ text: String) throws -> HistoryFilter.Since {
    if let span = DurationText.parse(text) { return .ago(span) }
    guard text.utf8.count >= 10, text.utf8.first.map({ (0x30...0x39).contains($0) }) == true, text.contains("-") else {
      throw ValidationError("'\(text)' is neither a time (2026-11-27T02:00:00Z) nor a span (90s, 30m, 2h, 3d).")
    }
    return .time(text)
  }

  static func actions(_ text: String) throws -> [String] {
    try text.split(separator: ",", omittingEmptySubsequences: false).map { word in
      guard JournalAction.all.contains(String(word)) else {
        throw ValidationError("unknown action '\(word)'; use \(JournalAction.all.joined(separator: ", ")).")
      }
      return String(word)
    }
  }

  private func filter() throws -> HistoryFilter {
    var filter = HistoryFilter()
    filter.key = key
    filter.xid = xid
    filter.since = since
    filter.actions = action
    if let dn {
      do throws(InvalidName) { filter.dn = try DistinguishedName(parsing: dn) } catch { throw Complaint("\(error)") }
    }
    return filter
  }

  func run() async throws {
    let command = self
    try await options.perform(needsDirectory: false) { setting in
      if let person = command.erase { return try await command.erase(RosterKey(person), setting) }
      do {
        try await command.print(setting)
      } catch let failure as Output.Failure where failure.code == EPIPE {
        // The reader has closed the pipe.
      }
      return 0
    }
  }

  @Reactor
  private func erase(_ key: RosterKey, _ setting: GlobalOptions.Setting) async throws -> Int32 {
    let eraser = try JournalEraser(setting.configuration)
    defer { eraser.close() }
    let outcome = try await eraser.erase(key, because: because ?? "")
    Output.standard.say("\(counted(outcome.erased, "row")) of key \(key.shown) erased")
    if outcome.open == 0 { return 0 }
    Output.error.say(
      "rollcall: not erased: \(counted(outcome.open, "removal")) of key \(key.shown) without a result yet; "
        + "erase again when the directory has answered")
    return 1
  }

  @Reactor
  private func print(_ setting: GlobalOptions.Setting) async throws {
    let filter = try self.filter()
    let journal = try JournalReader(setting.configuration)
    defer { journal.close() }
    try await journal.requireInstalled()
    var printer = HistoryPrinter(json ? .json : ldif ? .ldif : .text(HistoryPage(Colour(setting.environment))))
    let snapshot = follow ? try await journal.snapshot() : nil
    let usual = follow ? Self.most.before : json || ldif ? 0 : Self.most.shown
    let most = limit ?? usual
    let pages = journal.pages(
      filter, follow || ldif ? .oldestFirst : .newestFirst, limit: most == 0 ? nil : most, seenBy: snapshot)
    while let rows = try await pages.next() { try printer.write(rows) }
    if pages.hasMore, limit == nil, !follow {
      Output.error.say("rollcall: these are the newest \(most) rows; --limit 0 shows all")
    }
    guard let snapshot else { return }
    let tail = JournalTail(setting.configuration, filter, after: snapshot)
    while true {
      let rows: [HistoryRow]
      do throws(EngineError) { rows = try await tail.next() } catch {
        setting.logger.warning("cannot read the journal", metadata: ["error": "\(error)"])
        try await Reactor.sleep(for: .seconds(1))
        continue
      }
      try printer.write(rows)
    }
  }
}

/// Prints rows in the requested format.
struct HistoryPrinter {
  enum Form {
    case text(HistoryPage)
    case json
    case ldif
  }

  private var form: Form
  private var hasBegun = false

  init(_ form: Form) { self.form = form }

  mutating func write(_ rows: [HistoryRow]) throws(Output.Failure) {
    switch form {
    case .text(var page):
      try Output.standard.write(page.text(rows))
      form = .text(page)
    case .json: try Output.standard.write(rows.map { $0.json.line + "\n" }.joined())
    case .ldif:
      let records = rows.compactMap(\.ldif)
      if records.isEmpty { return }
      try Output.standard.write((hasBegun ? "" : LDIF.header) + records.joined())
      hasBegun = true
    }
  }
}
