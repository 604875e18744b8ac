internal import FoundationEssentials
internal import RollcallCore

/// The messages of the triggers and the command line on the channel `rollcall`.
struct NotificationPayload: Sendable, Equatable, Decodable {
  static let channel = "rollcall"
  /// A message with this many keys may be one of several.
  static let full = 32

  /// The transaction that made the changes.
  var xid: String?
  var keys: [RosterKey]?
  /// More changes than a message can name: read the log.
  var count: Int?
  /// The table and key column of the keys, as the log names them.
  var source: UInt32?
  /// The changes are few and can take somebody's access away.
  var urgent: Bool?
  /// A request for this directory waits in `rollcall.request`.
  var request: String?

  /// Nil for an invalid payload, which is only a reason to read the log.
  init?(parsing text: String) {
    if let plain = NotificationPayload(plain: text) {
      self = plain
      return
    }
    guard let payload = try? JSONDecoder().decode(NotificationPayload.self, from: Data(text.utf8)) else {
      return nil
    }
    self = payload
  }

  /// `{"xid":"741","keys":["17","18"],"source":16401}` without escapes: nearly every message. Each one delays an
  /// entry after its commit, and a general JSON decoder took a tenth of the daemon's own time.
  private init?(plain text: String) {
    let opening = #"{"xid":""#
    let (text, source) = NotificationPayload.split(text)
    guard text.hasPrefix(opening), text.hasSuffix("]}"),
      text.utf8.allSatisfy({ $0 >= 0x20 && $0 != UInt8(ascii: "\\") })
    else { return nil }
    // Strings alternate with the text between them.
    let parts = text.utf8.dropFirst(opening.utf8.count).split(
      separator: UInt8(ascii: "\""), omittingEmptySubsequences: false)
    guard parts.count >= 6, parts.count.isMultiple(of: 2), parts[1].elementsEqual(",".utf8),
      parts[2].elementsEqual("keys".utf8), parts[3].elementsEqual(":[".utf8),
      parts[parts.count - 1].elementsEqual("]}".utf8)
    else { return nil }
    var keys: [RosterKey] = []
    for index in stride(from: 4, to: parts.count - 1, by: 2) {
      guard index == 4 || parts[index - 1].elementsEqual(",".utf8) else { return nil }
      keys.append(RosterKey(String(Substring(parts[index]))))
    }
    self.xid = String(Substring(parts[0]))
    self.keys = keys
    self.source = source
  }

  /// Splits the source off the end, if there is one.
  private static func split(_ text: String) -> (text: String, source: UInt32?) {
    let tail = #","source":"#
    let digits = text.utf8.dropLast().reversed().prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.count
    let head = text.dropLast(digits + 1)
    guard digits > 0, text.hasSuffix("}"), head.hasSuffix(tail), let source = UInt32(text.dropLast().suffix(digits))
    else { return (text, nil) }
    return (head.dropLast(tail.count) + "}", source)
  }
}
