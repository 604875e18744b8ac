package import LDAPModel
internal import Postgres
internal import RollcallCore

/// The configuration that `rollcall init` proposes, from what it has read and what the flags say.
///
/// It is pure: the same facts give the same text.
package struct Proposal: Sendable {
  /// The configuration as YAML; nil where something is missing without which there is none.
  package private(set) var text: String?
  /// What is missing, a line each.
  package private(set) var shortcomings: [String] = []
  /// The base, and whether it is there.
  package private(set) var base: DistinguishedName?
  package private(set) var baseExists = false
  package private(set) var suffix: DistinguishedName?
  package private(set) var link = ""
  /// Whom Rollcall binds as; nil where it is the socket's or the certificate's user.
  package private(set) var account: String?

  package init(_ facts: TableFacts, _ picture: DirectoryPicture, _ wishes: InitWishes) {
    let person = PersonProposal(facts, wishes, picture.kind)
    let place = PlaceProposal(picture: picture, wishes: wishes)
    let key = person.key
    if key.sql == nil { shortcomings.append("\(facts.table): \(key.note)") }
    if person.username.sql == nil {
      shortcomings.append(
        "\(facts.table): no column of user names was found; name one, or an SQL expression, with --username: "
          + facts.columns.filter { $0.kind == .text }.map(\.name).joined(separator: ", "))
    }
    let found = place.base
    if found == nil {
      shortcomings.append("\(wishes.url): the server names no suffix that is for people; name the base with --base")
    }
    guard shortcomings.isEmpty, let keySQL = key.sql, let found else { return }
    (base, baseExists, suffix) = (found.dn, found.exists, place.suffix)
    (link, account) = (place.link.attribute, wishes.external ? nil : place.account)
    var sheet = ProposalSheet()
    Self.head(&sheet, facts, picture, wishes)
    let groups = wishes.groups ? GroupProposal(facts, person.roles, key: keySQL) : nil
    let area = groups == nil ? nil : place.groupsBase
    // A table of names would have to be watched by a column that names a person, and has none.
    let isWatchable = facts.memberships.first?.names == nil || person.roles[.groups] != nil
    let watched = area != nil && isWatchable ? groups?.watch : nil
    Self.source(&sheet, facts, wishes, person, key: (keySQL, key.note), watched)
    Self.directory(&sheet, picture, wishes, place)
    users(&sheet, picture, wishes, person, place)
    if let groups {
      Self.groups(&sheet, groups, area, place, isActive: area != nil && isWatchable)
    } else if wishes.groups {
      sheet.blank()
      sheet.remark(
        "No column and no other table says who is in which group; without a section groups Rollcall touches none.")
    }
    text = sheet.text
  }

  private static func head(
    _ sheet: inout ProposalSheet, _ facts: TableFacts, _ picture: DirectoryPicture, _ wishes: InitWishes
  ) {
    sheet.remark("Proposed by rollcall init for \(facts.table) and \(wishes.url) (\(picture.kind.rawValue)).")
    sheet.remark("Read every line that says \"a guess\". rollcall.yaml(5) describes all keys.")
    if !picture.isComplete {
      sheet.remark("The server ended a search before everything was seen, so there may be more than is said here.")
    }
    sheet.blank()
    sheet.pair("name", wishes.name)
    sheet.blank()
  }

  private static func source(
    _ sheet: inout ProposalSheet, _ facts: TableFacts, _ wishes: InitWishes, _ person: PersonProposal,
    key: (sql: String, note: String), _ watched: (table: String, key: String)?
  ) {
    sheet.open("source")
    sheet.remark(
      "Passwords are not in here: PGPASSWORD, ~/.pgpass or a service file has them, or PostgreSQL asks for none.")
    sheet.pair("connection", wishes.connection)
    if let comment = facts.comment { sheet.remark("The table's comment: \(comment)") }
    sheet.pair("table", facts.table)
    sheet.remark(key.note)
    sheet.pair("key", key.sql)
    sheet.remark("Rows out of scope are nobody: where: an SQL condition, for example  where: department IS NOT NULL")
    let active = person.active
    for note in active.notes { sheet.remark(note) }
    if let sql = active.sql {
      sheet.remark("Who may log in.")
      sheet.pair("active", sql)
    } else {
      sheet.remark("Everybody may log in, until active says an SQL condition.")
    }
    if let watched {
      sheet.remark("Changes of this table concern the person that the column names.")
      sheet.open("watch")
      sheet.item([("table", watched.table), ("key", watched.key)])
      sheet.close()
    }
    if !facts.typeSchemas.isEmpty {
      sheet.remark("Types of columns are in these schemas.")
      sheet.list("search_path", ([facts.schema] + facts.typeSchemas).map(identifier))
    }
    sheet.close()
    sheet.blank()
  }

  /// A name as SQL writes it, in quotes only where it needs them.
  private static func identifier(_ name: String) -> String {
    let isPlain = name.utf8.allSatisfy { (0x61...0x7A).contains($0) || $0 == 0x5F }
    return isPlain ? name : SQLText.identifier(name)
  }

  private static func directory(
    _ sheet: inout ProposalSheet, _ picture: DirectoryPicture, _ wishes: InitWishes, _ place: PlaceProposal
  ) {
    sheet.open("directory")
    sheet.pair("url", wishes.url)
    if wishes.startTLS { sheet.pair("starttls", "true", isBare: true) }
    if let ca = wishes.ca { sheet.pair("ca", ca) }
    sheet.open("bind")
    if wishes.external {
      sheet.remark("As the user of the socket, or of the client certificate.")
      sheet.pair("mechanism", "external")
    } else {
      if wishes.bindDN == nil { sheet.remark("A guess. The account needs the rights that the page Servers names.") }
      sheet.pair("dn", place.account)
      if let file = wishes.passwordFile {
        sheet.variable("password_file", file)
      } else {
        sheet.remark("From the environment.")
        sheet.variable("password", "${\(wishes.passwordVariable)}")
      }
    }
    sheet.close()
    let isSocket = wishes.url.lowercased().hasPrefix("ldapi:")
    if picture.takesTickets, !isSocket, wishes.bindDN == nil, !wishes.external { kerberos(&sheet, place) }
    sheet.close()
    sheet.blank()
  }

  private static func kerberos(_ sheet: inout ProposalSheet, _ place: PlaceProposal) {
    sheet.remark(
      "The server takes Kerberos tickets too. This in place of the bind above needs no password, but a keytab (a guess, as "
        + "the principal is), and the server's name in url (page Servers).")
    sheet.isComment = true
    sheet.open("bind")
    sheet.pair("mechanism", "gssapi")
    sheet.pair("principal", "rollcall@\(place.domain?.uppercased() ?? "EXAMPLE.COM")")
    sheet.pair("keytab", "/etc/rollcall/ldap.keytab")
    sheet.close()
    sheet.isComment = false
  }

  private func users(
    _ sheet: inout ProposalSheet, _ picture: DirectoryPicture, _ wishes: InitWishes, _ person: PersonProposal,
    _ place: PlaceProposal
  ) {
    let classes = place.classes(isPosix: person.isPosix)
    let (naming, link) = (place.naming, place.link)
    sheet.open("users")
    if let base = place.base {
      sheet.remark(base.note)
      sheet.pair("base", base.dn.text)
    }
    if place.unlinked > 0 {
      sheet.remark(
        "\(counted(place.unlinked, "entry", "entries")) there without a key: who gets the name of one is told, and waits for "
          + "an approval. adopt: true takes such entries over without asking.")
    }
    if let note = naming.note { sheet.remark(note) }
    sheet.pair("naming", naming.attribute)
    for note in link.notes { sheet.remark(note) }
    sheet.pair("link", link.attribute)
    for note in classes.notes { sheet.remark(note) }
    sheet.list("classes", classes.names)
    sheet.remark("LDAP attribute: SQL expression.")
    sheet.open("attributes")
    let lines = person.lines(naming: naming.attribute, classes: classes.names, picture.schema, domain: place.domain)
    for line in lines {
      if let note = line.note { sheet.remark(note) }
      sheet.pair(line.attribute, line.sql)
    }
    sheet.close()
    if let column = person.roles[.password] {
      sheet.remark("The column \(column.name) may hold a first password, set when an entry is made and never again:")
      sheet.remark("password: \(column.sql)")
    }
    for name in person.facts.selfReferences {
      sheet.remark("The column \(name) names another person of the table; it is left out.")
    }
    Self.ending(&sheet, picture, person.active.sql != nil)
    sheet.close()
  }

  /// What becomes of who may not log in, and of who is gone.
  private static func ending(_ sheet: inout ProposalSheet, _ picture: DirectoryPicture, _ hasActive: Bool) {
    sheet.remark("What becomes of who is not active: disable, delete or keep; and of who has no row any more.")
    sheet.pair("inactive", "disable")
    sheet.pair("removed", "delete")
    if picture.disables || !hasActive {
      sheet.remark(
        "How an account is disabled is left to the server's own way: disable: { attribute: value } says another.")
      return
    }
    sheet.remark(
      "A guess: slapd lacks the overlay ppolicy, by which it disables an account, so a disabled entry is only marked. "
        + "THE MARK KEEPS NOBODY FROM LOGGING IN: add the overlay (page Servers) and take these two lines out.")
    sheet.open("disable")
    sheet.pair("employeeType", "disabled")
    sheet.close()
  }

  private static func groups(
    _ sheet: inout ProposalSheet, _ groups: GroupProposal, _ area: (dn: DistinguishedName, note: String)?,
    _ place: PlaceProposal, isActive: Bool
  ) {
    sheet.blank()
    sheet.remark(groups.note)
    if area == nil {
      sheet.remark(
        "The directory has no unit for groups. Make one, name it below, and take the marks of the comment away.")
    } else if !isActive {
      sheet.remark(
        "It is not proposed as it is, because the names of the groups are in another table, which has no column that names "
          + "a person and so cannot be watched. Put the name into the rows of the membership, or a view of both.")
    }
    sheet.isComment = !isActive
    sheet.open("groups")
    if let area { sheet.remark(area.note) }
    sheet.pair("base", area?.dn.text ?? "ou=groups,\(place.suffix?.text ?? "")")
    sheet.remark("The names of a person's groups. A group that is missing is made.")
    sheet.pair("membership", groups.membership)
    let (name, member) = place.groupClass
    sheet.list("classes", [name])
    sheet.pair("member", member)
    sheet.close()
    sheet.isComment = false
  }
}
