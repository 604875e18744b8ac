/// Unix accounts, which some people have: a class with a condition, and attributes that need it.
enum ModelAccounts {
  static func add(to settings: inout SiteSettings) {
    settings.schema += "\nALTER TABLE users ADD shell text;"
    settings.classes.append("{ posixAccount: \"shell IS NOT NULL\" }")
    settings.attributes += """

          uidNumber: id
          gidNumber: "'100'"
          homeDirectory: "'/home/' || id"
          loginShell: shell
      """
  }

  /// What an entry has for it, as `attribute=value`.
  ///
  /// - Parameter shell: empty where the person has no account.
  static func values(_ key: String, shell: String) -> [String] {
    if shell.isEmpty { return [] }
    return [
      "objectClass=posixAccount", "uidNumber=\(key)", "gidNumber=100", "homeDirectory=/home/\(key)",
      "loginShell=\(shell)",
    ]
  }

  /// A shell, or none, as SQL.
  static func shell(_ random: inout ModelRandom) -> String {
    random.pick(["NULL", "NULL", "'/bin/sh'", "'/bin/bash'"])
  }

  /// Some get an account, others lose theirs, mostly with another change of the row.
  static func statement(_ somebody: String, _ random: inout ModelRandom) -> String {
    switch random.below(10) {
    case 0..<6: "UPDATE users SET shell = \(shell(&random)), email = 's' || email WHERE id = \(somebody)"
    case 6..<8: "UPDATE users SET shell = \(shell(&random)) WHERE id % 5 = \(random.below(5))"
    default: "UPDATE users SET shell = CASE WHEN shell IS NULL THEN '/bin/sh' END WHERE id % 7 = \(random.below(7))"
    }
  }
}
