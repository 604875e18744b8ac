import LDAP
import LDAPModel
import RollcallEngine
import Sandbox

@testable import RollcallConfiguration

/// What the directory must hold, worked out from the table by nothing of Rollcall's.
enum ModelOracle {
  struct Person: Equatable, Sendable, CustomStringConvertible {
    /// The value in the DN.
    var name: String
    /// `attribute=value`, sorted.
    var values: [String]
    /// The container's name; empty where the entry is directly below the base.
    var container: String

    var description: String { "\(name) in \(container): \(values.joined(separator: " "))" }
  }

  /// Classes that 389 Directory Server adds by itself.
  private static let inherited = ["top", "person", "organizationalPerson"].map { "objectClass=\($0)" }

  /// The keys of a row's managers, as an SQL array.
  static let managers = "ARRAY[id - 1, id - 2 - length(coalesce(email, '')) % 3]"

  /// How table and directory differ, a line a difference; empty if they do not.
  ///
  /// - Parameter forgivesLocks: people may be disabled though their rows are active: the record that this was not done by
  ///   hand was lost with a primary.
  static func differences(_ site: Site, forgivesLocks: Bool = false) async throws -> [String] {
    let found = try await site.search(site.base, .subtree, ["*"]).filter { !$0["employeeNumber"].isEmpty }
    let people = Dictionary(
      found.map { ($0.dn.normalized(.builtin), $0["employeeNumber"].first?.text ?? "?") }
    ) { first, _ in first }
    let wanted = try await wanted(site, Set(people.values))
    var lines: [String] = []
    var seen: [String: String] = [:]
    /// The names of entries that were not deleted, because the record was lost that Rollcall has disabled them.
    var kept: Set<String> = []
    let isForgiven = forgivesLocks && hasLeavers(site)
    func isKept(_ entry: Entry) -> Bool {
      isForgiven && !entry["employeeType"].isEmpty
        && entry["employeeNumber"].compactMap(\.text).allSatisfy { wanted[$0] == nil }
    }
    func place(_ name: String, _ isFormer: Bool) -> String { isFormer ? "former/\(name)" : name }
    func keep(_ entry: Entry) {
      kept.formUnion(entry["uid"].compactMap(\.text).map { place($0, entry.dn.text.contains(",ou=former,")) })
    }
    for entry in found where isKept(entry) { keep(entry) }
    // Nobody else can have such an entry's name.
    func isKeptOut(_ person: Person) -> Bool { kept.contains(place(person.name, person.container == "former")) }
    // And whoever is kept out keeps the old name.
    var before = -1
    while isForgiven, before != kept.count {
      before = kept.count
      for entry in found
      where entry["employeeNumber"].contains(where: { $0.text.flatMap { wanted[$0] }.map(isKeptOut) ?? false }) {
        keep(entry)
      }
    }
    for entry in found {
      let dn = entry.dn.text
      let keys = entry["employeeNumber"].compactMap(\.text)
      guard keys.count == 1, let person = wanted[keys[0]] else {
        // What others have disabled is not deleted.
        if isKept(entry) { continue }
        lines.append("too many: \(dn) with the link \(keys)")
        continue
      }
      if let other = seen.updateValue(dn, forKey: keys[0]) { lines.append("twice: \(keys[0]) is \(dn) and \(other)") }
      let names = try DistinguishedName(parsing: dn).relativeNames()
      let first = names[0]
      let name = first.parts.compactMap(\.value.text).joined(separator: "+")
      // What is not mapped stays as it was made by hand.
      let values = entry.attributes.filter { $0.name != "description" }.flatMap { attribute in
        attribute.values.map { value in
          let text = value.text ?? "?"
          let isReference = attribute.name.lowercased() == "manager"
          // By the key, since the other's entry is where it is.
          let other = isReference ? people[DistinguishedName(unchecked: text).normalized(.builtin)] : nil
          return "\(attribute.name)=\(other ?? text)"
        }
      }.filter { !inherited.contains($0) }
      let isPlaced = hasContainers(site) || hasLeavers(site) && dn.contains(",ou=former,")
      let container = isPlaced ? names[1].parts.compactMap(\.value.text).joined() : ""
      let present = Person(name: name, values: values.sorted(), container: container)
      if isKeptOut(person) { continue }
      var unlocked = present
      if forgivesLocks { unlocked.values.removeAll { $0 == "employeeType=disabled" } }
      if present != person, unlocked != person { lines.append("differs: \(keys[0]) is \(present), wanted \(person)") }
    }
    for (key, person) in wanted where seen[key] == nil {
      if isKeptOut(person) { continue }
      lines.append("missing: \(key), wanted \(person)")
    }
    lines += try await ModelHandmade.remains(site)
    return lines.sorted() + (try await groupDifferences(site))
  }

  /// Deletes what a lost primary has left behind in the place of leavers, as an administrator would.
  static func deleteKept(_ site: Site) async throws {
    if !hasLeavers(site) { return }
    let keys = try await site.sql("SELECT id FROM users AS roster WHERE \(ModelRooms.isOpen)").split(separator: "\n")
      .map(String.init)
    for entry in try await site.search(site.base, .subtree, ["employeeNumber", "employeeType"]) {
      if entry["employeeNumber"].isEmpty || entry["employeeType"].isEmpty { continue }
      if entry["employeeNumber"].compactMap(\.text).contains(where: keys.contains) { continue }
      try await site.directory.modify("dn: \(entry.dn.text)\nchangetype: delete\n")
    }
    try await site.sync(full: true)
  }

  /// Keys whose entry has gone more often than the journal has a removal of it (G13): each was made as often as the
  /// journal says at least, since a crash may have cost it that row, and never that of a removal.
  ///
  /// A create that is told twice counts once: the statement of a session that was lost may be carried out after it was
  /// sent again over another one. What a comparison makes again had gone without Rollcall.
  static func unaccounted(_ site: Site) async throws -> [String] {
    let present = try await site.search(site.base, .subtree, ["employeeNumber"])
      .flatMap { $0["employeeNumber"].compactMap(\.text) }
    let keys = try await site.sql(
      """
      SELECT key FROM rollcall.journal WHERE directory = '\(site.configuration.name)' AND key IS NOT NULL
        AND key <> ALL ('{\(present.joined(separator: ","))}'::text[])
      GROUP BY key
      HAVING count(DISTINCT (xid::text, dn, changes::text))
          FILTER (WHERE action IN ('create', 'adopt') AND outcome = 'done' AND cause <> 'reconcile')
        > count(*) FILTER (WHERE action = 'delete' AND intent IS NULL)
      """)
    let found = keys.split(separator: "\n").map(String.init)
    if let key = found.first {
      print("unaccounted: the journal of \(key):")
      print(
        try await site.sql(
          """
          SELECT id, at, xid, others, action, outcome, cause, intent, dn, new_dn, entry_id, changes FROM rollcall.journal
          WHERE key = '\(key)' ORDER BY id
          """))
    }
    return found
  }

  /// What the log and the ledger have of the entries that are too many.
  static func traces(_ site: Site) async throws -> String {
    let keys = try await site.search(site.base, .subtree, ["employeeNumber"])
      .flatMap { $0["employeeNumber"].compactMap(\.text) }
    return try await site.sql(
      """
      SELECT k.key, c.xid, c.at, pg_visible_in_snapshot(c.xid, d.watermark) AS settled, r.at AS removal
      FROM unnest('{\(keys.joined(separator: ","))}'::text[]) AS k(key) CROSS JOIN rollcall.directory AS d
      LEFT JOIN rollcall.change AS c ON c.key = k.key LEFT JOIN rollcall.removal AS r ON r.key = k.key
      WHERE k.key NOT IN (SELECT id::text FROM users) LIMIT 50
      """)
  }

  /// The same of groups, where the site has any.
  private static func groupDifferences(_ site: Site) async throws -> [String] {
    if site.configuration.groups == nil { return [] }
    let rows = try await site.sql(
      """
      SELECT role || E'\\t' || username FROM user_roles JOIN users AS roster ON roster.id = user_id
      WHERE role <> '' AND \(ModelRooms.isOpen)
      """)
    var wanted: [String: Set<String>] = [:]
    for row in rows.split(separator: "\n") {
      let fields = row.split(separator: "\t").map(String.init)
      wanted[fields[0], default: []].insert(fields[1])
    }
    var lines: [String] = []
    for group in Set(wanted.keys).union(try await site.groupNames()).sorted() {
      let found = Set(try await site.members(group) ?? []).subtracting([""])
      let people = wanted[group] ?? []
      if found != people {
        lines.append("group \(group): \(found.subtracting(people)) too many, \(people.subtracting(found)) missing")
      }
    }
    return lines
  }

  private static func hasContainers(_ site: Site) -> Bool { !site.configuration.users.container.isEmpty }
  private static func hasLeavers(_ site: Site) -> Bool { site.configuration.users.leavers != nil }

  /// - Parameter present: the keys of those who have an entry. Others are nobody's managers, and their entries are
  ///   missing, unless they are pinned.
  private static func wanted(_ site: Site, _ present: Set<String>) async throws -> [String: Person] {
    // Tab and newline are in no value.
    let rows = try await site.sql(
      """
      SELECT concat_ws(E'\\t', id, username, coalesce(email, ''), full_name,
        CASE WHEN ends <= clock_timestamp() THEN 'left' ELSE status END, left(username, 1),
        coalesce(\(ModelRooms.name), ''), coalesce(\(ModelRooms.former), ''), array_to_string(\(managers), ','),
        coalesce(shell, ''), coalesce(phone, ''))
      FROM users AS roster WHERE \(ModelRooms.isOpen)
      """)
    var people: [String: Person] = [:]
    for row in rows.split(separator: "\n") {
      let fields = row.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      let (key, name, mail, full, status) = (fields[0], fields[1], fields[2], fields[3], fields[4])
      var values = ["objectClass=inetOrgPerson", "employeeNumber=\(key)", "uid=\(name)", "cn=\(full)"]
      values.append("sn=\(full.split(separator: " ").last ?? "")")
      if !mail.isEmpty { values.append("mail=\(mail)") }
      if status != "active" { values.append("employeeType=disabled") }
      values += Set(fields[8].split(separator: ",").map(String.init)).intersection(present).map { "manager=\($0)" }
      if !fields[6].isEmpty { values.append("roomNumber=\(fields[6])") }
      if !fields[7].isEmpty { values.append("title=\(fields[7])") }
      values += ModelAccounts.values(key, shell: fields[9])
      if !fields[10].isEmpty { values.append("telephoneNumber=\(fields[10])") }
      let place = hasContainers(site) ? fields[5] : hasLeavers(site) && status != "active" ? "former" : ""
      people[key] = Person(name: name, values: values.sorted(), container: place)
    }
    return people
  }
}
