import RollcallEngine
import Sandbox

/// What a test wants other than the defaults of its server's kind.
struct SiteSettings {
  /// SQL before the table is watched.
  var schema = SQLScripts.example
  /// Instead of the kind's own lines of `users.attributes`.
  var attributes: [String]?
  /// Further lines of the `users` section.
  var users: [String] = []
  /// The SQL expression of the first password.
  var password = "'First-Pw-' || id"
  /// Instead of the server's ldaps URL.
  var url: String?
  /// Instead of the service account's DN and password.
  var bind: String?
  /// Further lines of the `directory` section.
  var directory: [String] = []
}

/// How Rollcall is set up for a kind of server, with the names, classes and attributes that are usual there.
struct Profile {
  /// The attribute that carries `username` and names the entry.
  let naming: String
  let classes: [String]
  let attributes: [String]

  /// The expression with the name of the test's own database behind its value: what is unique in the whole domain
  /// must not be the same in two tests.
  static func unique(_ expression: String) -> String { "\(expression) || '.' || current_database()" }

  static func of(_ kind: DirectoryServerKind) -> Profile {
    let common = ["sn: regexp_replace(full_name, '^.*\\s', '')", "mail: email"]
    switch kind {
    case .openLDAP, .directory389:
      return Profile(
        naming: "uid", classes: ["inetOrgPerson"], attributes: ["uid: username", "cn: full_name"] + common)
    case .activeDirectory:
      return Profile(
        naming: "cn", classes: ["user"],
        attributes: [
          "cn: username", "sAMAccountName: \(unique("username"))",
          "userPrincipalName: \(unique("username")) || '@example.com'", "displayName: full_name",
        ] + common)
    }
  }
}
