@testable import RollcallPages

enum GalleryWaiting {
  private static let now = Gallery.now
  private static let names = [
    "ada", "grace", "alan", "edsger", "barbara", "donald", "frances", "john", "katherine", "ken", "margaret", "niklaus",
  ]

  private static func items(_ count: Int) -> [WaitingPage.Held.Item] {
    (0..<count).map { index in
      let name = names[index % names.count] + (index < names.count ? "" : "\(index)")
      return .init(
        key: "\(1000 + index)", action: "delete", dn: "uid=\(name),ou=users,dc=example,dc=com", since: now + -720,
        reason: "the removal budget allows 25 more at present")
    }
  }

  static func wipe(_ count: Int, hasActions: Bool) -> WaitingPage {
    let items = items(count)
    let ldif = items.map { "dn: \($0.dn)\nchangetype: delete\n\n" }.joined()
    var page = WaitingPage(
      Gallery.frame([Gallery.with(Gallery.held) { $0.held = count }]),
      held: [.init(directory: "main", set: "7c1f09ab33e2d410", items: items, managed: 2468, ldif: ldif)])
    page.frame.hasActions = hasActions
    return page
  }

  /// A wipe of more people than a page can hold.
  static var tooMany: WaitingPage {
    var held = WaitingPage.Held(directory: "main", set: nil, items: items(100), managed: 1_000_000)
    held.total = 10_001
    return WaitingPage(Gallery.frame([Gallery.with(Gallery.held) { $0.held = 10_001 }]), held: [held])
  }

  static var trouble: WaitingPage {
    var items = items(3)
    items[1].action = "disable"
    items[2] = .init(
      key: "4242", action: "takeover", dn: "uid=ops,ou=users,dc=example,dc=com", since: now + -86_400 * 3,
      reason: "Rollcall did not make this entry")
    let parked = [
      ("31", "name-taken", "uid=lovelace,ou=users,dc=example,dc=com is taken by key 17", 12, 400_000.0, nil as Double?),
      ("57", "name-taken", "mail: ada@example.com belongs to uid=ada2,ou=users,dc=example,dc=com", 3, 12_000, nil),
      (
        "99", "schema", "telephoneNumber: \"call me\" does not fit the syntax 1.3.6.1.4.1.1466.115.121.1.50", 2, 9000,
        nil
      ),
      (
        "a81bc81b-dead-4e5d-abff-90865d1e13b1", "refused", "constraint violation: the password policy forbids it", 7,
        5400, 600
      ),
    ].map { key, reason, message, attempts, age, next in
      WaitingPage.Parked(
        directory: "main", key: key, reason: reason, code: reason == "refused" ? 19 : nil, message: message,
        attempts: attempts, since: now + -age, nextAt: next.map { now + $0 })
    }
    return WaitingPage(
      Gallery.frame(
        [Gallery.trouble], notice: Notice(.failed, "The set has changed meanwhile, so nothing was approved.")),
      held: [
        .init(
          directory: "main", set: "09ab33e2d4107c1f", items: items, managed: 2468,
          ldif: "dn: uid=ada,ou=users,dc=example,dc=com\nchangetype: delete\n\n")
      ], parked: parked,
      pins: [
        .init(
          directory: "main", key: "17", because: "on parental leave, asked by R. Hopper", actor: "rhopper",
          since: now + -600_000, removal: "delete"),
        .init(
          directory: "main", key: "23", because: "undo of journal row 4711", actor: "ops", since: now + -4000,
          endsWithChange: true),
        .init(
          directory: "main", key: "24", because: "until the audit is over", actor: "ops", since: now + -4000,
          until: now + 12 * 86_400),
      ],
      due: [
        .init(directory: "main", key: "8", dn: "uid=charles,ou=former,dc=example,dc=com", at: now + 3 * 86_400),
        .init(directory: "main", key: "9", dn: "uid=mary,ou=former,dc=example,dc=com", at: now + 25 * 86_400),
      ])
  }

  static var fifty: WaitingPage {
    WaitingPage(
      Gallery.frame(Gallery.fifty),
      held: [.init(directory: "dir-31", set: "7c1f09ab33e2d410", items: items(12), managed: 120)],
      parked: (0..<45).map { index in
        .init(
          directory: index % 2 == 0 ? "dir-09" : "dir-18", key: "\(index)", reason: "mapping",
          message: "invalid input syntax for type integer: \"n/a\"", attempts: 1, since: now + -Double(index) * 60)
      })
  }
}
