import LDAP
import LDAPModel
import Reactor
import RollcallCore
import RollcallEngine
import Sandbox

@testable import RollcallAdministration

extension SiteSettings {
  /// People whose groups are the rows of a second table.
  static func groups(_ lines: String = "") -> SiteSettings {
    var settings = SiteSettings()
    settings.schema += """

      CREATE TABLE user_roles (user_id int, role text, PRIMARY KEY (user_id, role));
      """
    settings.watch += "; SELECT rollcall.watch('user_roles', 'user_id')"
    settings.source += "\n  watch: [{ table: user_roles, key: user_id }]"
    settings.groups = "membership: ARRAY(SELECT role FROM user_roles WHERE user_id = roster.id)"
    for line in lines.split(separator: "\n") { settings.groups? += "\n  \(line)" }
    return settings
  }
}

extension Site {
  /// A group's members by their user names, sorted; others than people of this site as they are. Nil: no such group.
  func members(_ group: String, _ attribute: String = "member") async throws -> [String]? {
    let found = try await search("cn=\(group),\(groupsBase)", [attribute])
    return found?[attribute].compactMap(\.text).map { member in
      guard member.hasSuffix("," + self.base), let name = DistinguishedName(unchecked: member).first else {
        return member
      }
      return name.parts.first?.value.text ?? member
    }.sorted()
  }

  /// The names of the groups below the base, sorted.
  func groupNames() async throws -> [String] {
    try await search(groupsBase, .oneLevel, ["cn"]).compactMap { $0["cn"].first?.text }.sorted()
  }

  /// One entry, as the administrator sees it.
  func search(_ dn: String, _ attributes: [String] = ["*", "+"]) async throws -> Entry? {
    try await search(dn, .base, attributes).first
  }

  /// Entries, as the administrator sees them; none where the base is missing.
  func search(_ dn: String, _ scope: SearchScope, _ attributes: [String] = ["*", "+"]) async throws -> [Entry] {
    let directory = self.directory
    return try await Reactor.run {
      var options = LDAPOptions(url: directory.url)
      options.bind = .simple(dn: directory.adminDN, password: BindPassword(directory.adminPassword))
      let session = try await LDAPSession.open(options)
      defer { session.close() }
      do throws(LDAPError) {
        return try await session.search(
          base: DistinguishedName(unchecked: dn), scope: scope, filter: .present("objectClass"),
          attributes: attributes)
      } catch {
        if error.code == .noSuchObject { return [] }
        throw error
      }
    }
  }

  /// What a plan would do, as `key what`, sorted.
  func planned() async throws -> [String] {
    try await plan().plan.sequences.flatMap(\.steps).map { "\($0.key) \($0.what.rawValue)" }.sorted()
  }

  /// Gives people roles: `(key, role)` pairs.
  func grant(_ roles: [(Int, String)]) async throws {
    let rows = roles.map { "(\($0.0), '\($0.1)')" }.joined(separator: ", ")
    try await sql("INSERT INTO user_roles VALUES \(rows)")
  }
}
