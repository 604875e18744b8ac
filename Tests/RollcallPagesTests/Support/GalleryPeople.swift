@testable import RollcallPages

enum GalleryPeople {
  private static let dn = "uid=ada,ou=users,dc=example,dc=com"

  private static func steps(_ last: [PersonPage.Explained.Step]) -> [PersonPage.Explained.Step] {
    [
      .init(
        "row", .ok, "a row has the key 17; last logged change 2026-11-27T08:57:00.120Z, transaction 74113"),
      .init("scope", .ok, "source.where includes the row, source.active says active"),
      .init("mapping", .ok, dn),
    ] + last
  }

  static var inStep: PersonPage {
    var page = PersonPage(
      Gallery.frame([Gallery.well], notice: Notice(.done, "The daemon has looked at key 17: nothing was to be done.")),
      directory: "main", key: "17", dn: dn, name: "Ada Lovelace",
      answer: .explained(
        .init(
          .inStep, summary: "key 17: in step: its entry is \(dn)",
          steps: steps([
            .init("match", .ok, "\(dn) carries the key"), .init("difference", .ok, "none"),
            .init("gate", .ok, "not held, pinned or parked"),
            .init(
              "last_write", .ok,
              "2026-11-27T08:57:00.134Z: update, done (mail), found by notification, transaction 74113"),
            .init("next", .ok, "nothing; the next change of the row is written when it is committed"),
          ]), next: "nothing; the next change of the row is written when it is committed")),
      sides: [
        .init("cn", row: ["Ada Lovelace"], entry: ["Ada Lovelace"]),
        .init("sn", row: ["Lovelace"], entry: ["Lovelace"]),
        .init("uid", row: ["ada"], entry: ["ada"]),
        .init("mail", row: ["ada@example.com"], entry: ["ada@example.com"]),
        .init("telephoneNumber", row: [], entry: []),
      ], columns: [.init("status", "active"), .init("valid_until", nil)], timeline: GalleryHistory.ofAda)
    page.hasMore = true
    return page
  }

  static var blocked: PersonPage {
    PersonPage(
      Gallery.frame([Gallery.trouble]), directory: "main", key: "17", dn: dn, name: "Ada Lovelace",
      answer: .explained(
        .init(
          .blocked, summary: "key 17: blocked: it is pinned (on parental leave, asked by R. Hopper)",
          steps: steps([
            .init("match", .ok, "\(dn) carries the key"),
            .init(
              "difference", .wait, "1 operation: update",
              ldif: """
                # key 17: update
                dn: \(dn)
                changetype: modify
                delete: mail
                mail: ada@example.com
                -
                add: mail
                mail: ada.lovelace@analytical-engines.example.com
                -

                """),
            .init(
              "gate", .wait,
              "pinned by rhopper since 2026-11-20T10:00:00Z: on parental leave, asked by R. Hopper; delete of \(dn) is held since 2026-11-27T08:41:00Z, because the removal budget allows 3 more at present"
            ),
            .init("last_write", .error, "2026-11-26T17:02:11Z: update, refused (mail); constraint violation"),
            .init("next", .no, "rollcall unpin 17 lets it be written again"),
          ]), next: "rollcall unpin 17 lets it be written again")),
      sides: [
        .init("cn", row: ["Ada Lovelace"], entry: ["Ada Lovelace"]),
        .init("mail", row: ["ada.lovelace@analytical-engines.example.com"], entry: ["ada@example.com"]),
        .init("telephoneNumber", row: ["+44 20 1815"], entry: ["+44 20 1815", "+44 20 1852"]),
        .init("userPassword", row: ["***"], entry: nil),
      ], columns: [.init("status", "leaving"), .init("valid_until", "2026-12-31")],
      pin: .init(
        directory: "main", key: "17", because: "on parental leave, asked by R. Hopper", actor: "rhopper",
        since: Gallery.now + -600_000),
      parked: .init(
        directory: "main", key: "17", reason: "refused", code: 19, message: "constraint violation: mail: not unique",
        attempts: 4, since: Gallery.now + -57_000),
      held: [
        .init(
          key: "17", action: "delete", dn: dn, since: Gallery.now + -1140,
          reason: "the removal budget allows 3 more at present")
      ], timeline: GalleryHistory.ofAda)
  }

  static var unanswered: PersonPage {
    var page = inStep
    page.frame.notice = nil
    page.answer = .unanswered("No daemon has answered within three seconds.")
    page.sides = []
    return page
  }

  static let name = "Robert'); DROP TABLE users;-- <script>alert(\"ｘ\")</script> \u{202E}drawkcab &amp; \u{1B}[31m"

  static var hostile: PersonPage {
    var page = Everywhere(text: name).person(.explained(Everywhere(text: name).explained))
    page.frame = Gallery.frame([Gallery.well])
    page.dn = "uid=\(String(repeating: "verylongname", count: 30)),ou=users,dc=example,dc=com"
    return page
  }

  static var lookup: LookupPage {
    LookupPage(
      Gallery.frame(Gallery.fifty), find: "ada",
      matches: [
        .init(directory: "dir-07", key: "17", dn: dn),
        .init(directory: "dir-31", key: "a81bc81b-dead-4e5d-abff-90865d1e13b1", dn: nil),
      ])
  }
}
