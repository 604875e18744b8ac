internal import Foundation

/// What the triggers and the command line say on the channel `rollcall`.
struct NotificationPayload: Sendable, Equatable, Decodable {
  static let channel = "rollcall"
  /// A message with this many keys may be one of several; see ``isSmall``.
  static let full = 32

  /// The transaction that changed something.
  var xid: String?
  var keys: [String]?
  /// More changes than a message names: look at the log.
  var count: Int?
  /// A request for this directory waits in `rollcall.request`.
  var request: String?

  /// A payload that is none is only a reason to look: nil.
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

  init(xid: String?, keys: [String]?) {
    self.xid = xid
    self.keys = keys
  }

  /// `{"xid":"741","keys":["17","18"]}` with nothing that is escaped: nearly every message, and each stands
  /// between a commit and its entry.
  private init?(plain text: String) {
    let opening = #"{"xid":""#
    guard text.hasPrefix(opening), text.hasSuffix("]}"), !text.utf8.contains(UInt8(ascii: "\\")) else {
      return nil
    }
    // Strings and what stands between them take turns.
    let parts = text.dropFirst(opening.utf8.count).split(
      separator: "\"", omittingEmptySubsequences: false)
    guard parts.count >= 6, parts.count.isMultiple(of: 2), parts[1] == ",", parts[2] == "keys", parts[3] == ":[",
      parts.last == "]}"
    else { return nil }
    var keys: [String] = []
    for index in stride(from: 4, to: parts.count - 1, by: 2) {
      guard index == 4 || parts[index - 1] == "," else { return nil }
      keys.append(String(parts[index]))
    }
    self.init(xid: String(parts[0]), keys: keys)
  }

  /// Whether its keys may overtake everything: a full message may be the first of many.
  var isSmall: Bool { keys.map { !$0.isEmpty && $0.count < NotificationPayload.full } ?? false }
}
