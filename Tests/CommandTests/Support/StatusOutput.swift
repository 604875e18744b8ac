import Foundation

/// What `rollcall status --json` prints.
struct StatusOutput: Decodable {
  struct Directory: Decodable {
    var state: String?
    var reason: String?
    var since: String?
  }

  struct Parked: Decodable {
    var key: String
    var reason: String
    var code: Int?
    var message: String
    var attempts: Int
    var since: String
    var next_at: String?
  }

  struct Held: Decodable {
    var key: String
    var action: String
    var dn: String
    var since: String
  }

  var name: String
  var behind: Bool
  var watermark_age_seconds: Double?
  var backlog: Int?
  var leader: String?
  var directory: Directory
  var last_reconcile: String?
  var parked: [Parked]
  var held: [Held]
  var held_set: String?
  var released: Int

  init(parsing text: String) throws {
    self = try JSONDecoder().decode(StatusOutput.self, from: Data(text.utf8))
  }
}
