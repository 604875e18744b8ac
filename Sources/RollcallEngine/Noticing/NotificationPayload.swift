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
    var reader = PlainReader(bytes: Array(text.utf8))
    guard reader.skip(#"{"xid":"#), let xid = reader.string(), reader.skip(#","keys":["#) else { return nil }
    var keys: [RosterKey] = []
    repeat {
      guard let key = reader.string() else { return nil }
      keys.append(RosterKey(key))
    } while reader.skip(",")
    guard reader.skip("]") else { return nil }
    if reader.skip(#","source":"#) {
      guard let source = reader.number() else { return nil }
      self.source = source
    }
    guard reader.skip("}"), reader.isAtEnd else { return nil }
    self.xid = xid
    self.keys = keys
  }
}

/// Reads JSON without blanks and escapes.
private struct PlainReader {
  let bytes: [UInt8]
  private var place = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { place == bytes.count }

  /// Passes over this text, if it comes next.
  mutating func skip(_ text: String) -> Bool {
    guard bytes[place...].starts(with: text.utf8) else { return false }
    place += text.utf8.count
    return true
  }

  /// A string; nil if there is none, or one with escapes or control characters.
  mutating func string() -> String? {
    guard skip("\"") else { return nil }
    let start = place
    while place < bytes.count, bytes[place] != UInt8(ascii: "\"") {
      guard bytes[place] >= 0x20, bytes[place] != UInt8(ascii: "\\") else { return nil }
      place += 1
    }
    guard place < bytes.count else { return nil }
    place += 1
    return String(decoding: bytes[start..<(place - 1)], as: UTF8.self)
  }

  mutating func number() -> UInt32? {
    let digits = bytes[place...].prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    place += digits.count
    return UInt32(String(decoding: digits, as: UTF8.self))
  }
}
