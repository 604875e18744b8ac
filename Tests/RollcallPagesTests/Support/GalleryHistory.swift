@testable import RollcallPages

enum GalleryHistory {
  private static let now = Gallery.now

  static let rows: [JournalRow] = [
    row(
      40, "update", "17", "ada",
      changes: [.init("mail", removed: [.text("ada@example.com")], added: [.text("ada@lovelace.example.com")])]),
    row(52, "create", "1204", "grace"), row(55, "join", "1204", "grace"),
    row(
      130, "rename", "88", "lovelace",
      changes: [.init("sn", removed: [.text("Byron")], added: [.text("Lovelace")])]),
    row(
      400, "update", "31", "alan", outcome: "refused", code: 19, message: "constraint violation: mail: not unique",
      changes: [.init("mail", removed: [], added: [.text("ada@example.com")])]),
    row(900, "disable", "57", "edsger", cause: "sweep"),
    row(1500, "release", "99", "frances", cause: nil, actor: "rhopper", because: "left on Friday, ticket 8123"),
    row(
      1501, "delete", "99", "frances", cause: "release", actor: "rhopper",
      changes: [
        .init("cn", removed: [.text("Frances Allen")], added: []), .init("userPassword", removed: [.hidden], added: []),
        .init("jpegPhoto", removed: [.digest(sha256: "a3f1c2b4d5e6f708192a", size: 48_213)], added: []),
      ]),
    row(4000, "hold", "99", "frances", cause: "reconcile", message: "the removal budget allows 3 more at present"),
    row(
      8000, "update", "17", "ada", outcome: "unknown",
      changes: [
        .init("cn", removed: nil, added: nil), .init("sn", removed: [], added: [], isErased: true),
        .init("mail", removed: [], added: []), .init("l", removed: [], added: [.text("London")]),
        .init(
          "description", removed: [.text("Wrote the first program, for a machine that was never built.")],
          added: [.text("")]),
      ]), row(86_000, "pin", "23", nil, cause: nil, actor: "ops", because: "until the audit is over"),
    row(90_000, "park", "24", nil, message: "telephoneNumber: \"call me\" does not fit the syntax"),
  ]

  static var ofAda: [JournalRow] { rows.filter { $0.key == "17" } + [row(900_000, "create", "17", "ada")] }

  private static func row(
    _ age: Double, _ action: String, _ key: String, _ name: String?, outcome: String = "done",
    cause: String? = "notification", code: Int? = nil, message: String? = nil, actor: String? = nil,
    because: String? = nil, changes: [JournalRow.Change]? = nil
  ) -> JournalRow {
    let isWrite = !["pin", "park", "hold", "release"].contains(action)
    let dn = name.map { "uid=\($0),ou=users,dc=example,dc=com" }
    return JournalRow(
      id: 5000 - Int(age / 100) * 10 - Int(age) % 10, at: now + -age, directory: "main", key: key, dn: dn,
      newDN: action == "rename" ? "uid=byron,ou=users,dc=example,dc=com" : nil, action: action, outcome: outcome,
      cause: cause, xid: isWrite ? "\(74_113 - Int(age))" : nil,
      lagMilliseconds: isWrite && outcome == "done" ? 8.4 + age / 20 : nil, changes: changes, code: code,
      message: message, actor: actor, because: because, isUndoable: isWrite && outcome == "done")
  }

  private static let actions = ["create", "update", "rename", "disable", "enable", "delete", "join", "leave", "pin"]

  static var normal: HistoryPage {
    HistoryPage(Gallery.frame([Gallery.well]), actions: actions, rows: rows, before: 4711)
  }

  static var filtered: HistoryPage {
    var filter = HistoryPage.Filter()
    filter.key = "17"
    filter.action = "update"
    filter.since = "1h"
    return HistoryPage(
      Gallery.frame(Gallery.fifty), filter: filter, actions: actions, oldest: now + -90 * 86_400)
  }

  static var hostile: HistoryPage {
    HistoryPage(Gallery.frame([Gallery.well]), actions: actions, rows: Everywhere(text: GalleryPeople.name).rows)
  }
}
