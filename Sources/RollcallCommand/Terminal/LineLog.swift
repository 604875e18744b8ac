internal import Glibc
internal import Logging
internal import PlainText

/// Writes log records to standard error, one per line.
///
///     2026-11-23T01:02:03.456Z info applied key=17 dn="uid=ada,ou=users,dc=example,dc=com" what=update ms=1.4
struct LineLog: LogHandler {
  enum Format: String, CaseIterable, Sendable {
    case text
    case json
  }

  /// The most important fields come first, independent of the dictionary's order.
  private static let order = ["key", "dn", "what", "from", "attributes", "ms", "reason", "code", "message", "error"]

  /// Fields that contain sentences with values; all others are values.
  private static let sentences: Set = ["message", "error", "reason", "why"]

  let format: Format
  var logLevel: Logger.Level
  var metadata: Logger.Metadata = [:]

  init(_ format: Format, _ logLevel: Logger.Level) {
    self.format = format
    self.logLevel = logLevel
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    var fields = metadata
    if let own = event.metadata { fields.merge(own) { $1 } }
    let sorted = fields.sorted { LineLog.rank($0.key) < LineLog.rank($1.key) }
      .map { ($0.key, "\($0.value)".excerpt(LineLog.sentences.contains($0.key) ? Excerpt.sentence : Excerpt.value)) }
    let time = LineLog.now()
    let message = event.message.description
    switch format {
    case .text:
      let values = sorted.map { " \($0)=\(LineLog.plain($1) ? $1 : $1.quoted)" }.joined()
      Output.error.say("\(time) \(event.level) \(message.printable)\(values)")
    case .json:
      let head = [("time", time), ("level", event.level.rawValue), ("event", message)]
      Output.error.say(JSON.object((head + sorted).map { ($0, LineLog.value($0, $1)) }).line)
    }
  }

  private static func rank(_ key: String) -> (Int, String) { (order.firstIndex(of: key) ?? order.count, key) }

  /// Whether a value needs no quotes.
  private static func plain(_ text: String) -> Bool {
    !text.isEmpty
      && text.utf8.allSatisfy { byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "-_.:/@+%".utf8.contains(byte)
        }
      }
  }

  private static func value(_ name: String, _ text: String) -> JSON {
    name == "ms" ? Double(text).map { .number($0) } ?? .string(text) : .string(text)
  }

  /// The current time in UTC with milliseconds, in the format of RFC 3339.
  static func now() -> String {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    var parts = unsafe tm()
    unsafe gmtime_r(&time.tv_sec, &parts)
    func padded(_ number: Int, _ width: Int = 2) -> String {
      let digits = String(number)
      return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
    let date = unsafe [Int(parts.tm_year) + 1900, Int(parts.tm_mon) + 1, Int(parts.tm_mday)].map {
      padded($0)
    }
    let clock = unsafe [parts.tm_hour, parts.tm_min, parts.tm_sec].map { padded(Int($0)) }
    let fraction = padded(Int(time.tv_nsec) / 1_000_000, 3)
    return date.joined(separator: "-") + "T" + clock.joined(separator: ":") + ".\(fraction)Z"
  }
}
