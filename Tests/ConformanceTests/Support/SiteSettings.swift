import RollcallEngine
import Sandbox

@testable import RollcallLedger

/// What a test wants other than the defaults of its server's kind.
struct SiteSettings {
  /// SQL before the table is watched.
  var schema = SQLScripts.example
  /// Instead of the kind's own lines of `users.attributes`.
  var attributes: [String]?
  /// Further classes of the kind's own.
  var classes: [String] = []
  /// The attribute that carries the key.
  var link = "employeeNumber"
  /// Further lines of the `users` section.
  var users: [String] = []
  /// The SQL expression of the first password.
  var password = "'First-Pw-' || id"
  /// Instead of the server's ldaps URL.
  var url: String?
  /// Instead of the service account's DN and password.
  var bind: String?
  /// Instead of all that: the sections `directory` and `users` as an administrator of example.com would write them.
  var document: String?
  /// Further lines of the `directory` section.
  var directory: [String] = []
  /// Who may log in.
  var active = "active: status = 'active'"
  /// Further lines of the `source` section.
  var source: [String] = []
  /// Further lines of the `groups` section; nil: no such section.
  var groups: [String]?

  /// People whose groups are the rows of a second table.
  static func groups(_ lines: [String] = []) -> SiteSettings {
    var settings = SiteSettings()
    settings.schema += """

      CREATE TABLE user_roles (user_id int, role text, PRIMARY KEY (user_id, role));
      SELECT rollcall.watch('public.user_roles', 'user_id');
      """
    settings.source = ["watch: [{ table: user_roles, key: user_id }]"]
    settings.groups = ["membership: ARRAY(SELECT role FROM user_roles WHERE user_id = roster.id)"] + lines
    return settings
  }
}

/// How Rollcall is set up for a kind of server, with the names, classes and attributes that are usual there.
struct Profile {
  /// The attribute that carries `username` and names the entry.
  let naming: String
  let classes: [String]
  let attributes: [String]
  /// The class of a group.
  let groupClass: String

  /// The expression with the name of the test's own database behind its value: what is unique in the whole domain
  /// must not be the same in two tests.
  static func unique(_ expression: String) -> String { "\(expression) || '.' || current_database()" }

  /// For names that only an entry can have: account names of Active Directory are not free to be anything. Nil: as
  /// usual.
  static func freelyNamed(_ kind: DirectoryServerKind) -> [String]? {
    guard kind == .activeDirectory else { return nil }
    return ["cn: username", "sAMAccountName: \(unique("id"))", "displayName: full_name"]
  }

  static func of(_ kind: DirectoryServerKind) -> Profile {
    let common = ["sn: regexp_replace(full_name, '^.*\\s', '')", "mail: email"]
    switch kind {
    case .openLDAP, .directory389:
      return Profile(
        naming: "uid", classes: ["inetOrgPerson"], attributes: ["uid: username", "cn: full_name"] + common,
        groupClass: "groupOfNames")
    case .activeDirectory:
      return Profile(
        naming: "cn", classes: ["user"],
        attributes: [
          "cn: username", "sAMAccountName: \(unique("username"))",
          "userPrincipalName: \(unique("username")) || '@example.com'", "displayName: full_name",
        ] + common,
        groupClass: "group")
    }
  }
}
