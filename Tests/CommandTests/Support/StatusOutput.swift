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
    var nextAt: String?
  }

  struct Held: Decodable {
    var key: String
    var action: String
    var dn: String
    var since: String
    var release: String
  }

  struct Pinned: Decodable {
    var key: String
    var because: String
    var actor: String
    var since: String
    var until: String?
    var removal: String?
  }

  struct Problem: Decodable {
    var code: String
    var message: String
    var fix: String?
    var since: String?
  }

  var name: String
  var behind: Bool
  var watermarkAgeSeconds: Double?
  var backlog: Int?
  var leader: String?
  var directory: Directory
  var lastReconcile: String?
  var parked: [Parked]
  var held: [Held]
  var heldSet: String?
  var released: Int
  var pinned: [Pinned]
  var problems: [Problem]

  init(parsing text: String) throws {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    self = try decoder.decode(StatusOutput.self, from: Data(text.utf8))
  }
}
