internal import LDAPModel

/// One write of the demo, and its expected effect.
struct DemoScene: Sendable {
  var title: String
  var sql: String
  /// The keys of the entries to read.
  var keys: [String]
  /// Whether the entries are as expected.
  var isDone: @Sendable ([Entry]) -> Bool

  static let all = [
    DemoScene(
      title: "someone is hired",
      sql: "INSERT INTO users VALUES (17, 'mira', 'mira@example.com', 'Mira Tolvan', 'active');",
      keys: ["17"]
    ) { $0.count == 1 },
    DemoScene(
      title: "an address changes",
      sql: "UPDATE users SET email = 'mira.tolvan@example.com' WHERE id = 17;", keys: ["17"]
    ) { $0.first?["mail"].first == "mira.tolvan@example.com" },
    DemoScene(
      title: "a user name changes, and the person's with it",
      sql: "UPDATE users SET username = 'mquist', full_name = 'Mira Quist' WHERE id = 17;", keys: ["17"]
    ) { $0.first?["uid"].first == "mquist" && $0.first?["sn"].first == "Quist" },
    DemoScene(
      title: "two more are hired",
      sql: """
        INSERT INTO users VALUES (18, 'joren', 'joren@example.com', 'Joren Abelt', 'active'),
                                 (19, 'sanni', 'sanni@example.com', 'Sanni Okoro', 'active');
        """, keys: ["18", "19"]
    ) { $0.count == 2 },
    DemoScene(
      title: "two people swap their user names",
      sql: """
        UPDATE users SET username = CASE id WHEN 18 THEN 'sanni' ELSE 'joren' END
        WHERE id IN (18, 19);
        """, keys: ["18", "19"]
    ) { entries in
      let names = entries.map {
        "\($0["employeeNumber"].first?.text ?? "") \($0["uid"].first?.text ?? "")"
      }
      return names.sorted() == ["18 sanni", "19 joren"]
    },
    DemoScene(
      title: "an account is deactivated",
      sql: "UPDATE users SET status = 'on leave' WHERE id = 18;", keys: ["18"]
    ) { $0.first.map(isLocked) ?? false },
    DemoScene(title: "someone is gone", sql: "DELETE FROM users WHERE id = 19;", keys: ["19"]) { $0.isEmpty },
  ]

  static let absence = DemoScene(
    title: "changes while the daemon is down",
    sql: """
      UPDATE users SET status = 'active' WHERE id = 18;
      INSERT INTO users VALUES (20, 'teo', 'teo@example.com', 'Teo Marlin', 'active');
      """, keys: ["18", "20"]
  ) { $0.count == 2 && !$0.contains(where: isLocked) }

  private static func isLocked(_ entry: Entry) -> Bool { !entry["pwdAccountLockedTime"].isEmpty }
}
