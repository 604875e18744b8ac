internal import Foundation

/// What the triggers and the command line say on the channel `rollcall`.
struct NotificationPayload: Sendable, Equatable, Decodable {
  static let channel = "rollcall"
  /// A message with this many keys may be one of several.
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
    guard let payload = try? JSONDecoder().decode(NotificationPayload.self, from: Data(text.utf8)) else {
      return nil
    }
    self = payload
  }
}
