internal import LDAPModel
internal import Postgres
internal import RollcallCore

/// What of a row becomes what of an entry: the key, the attributes, and who may log in.
struct PersonProposal {
  /// A line of `users.attributes`.
  struct Line {
    var attribute: String
    var sql: String
    /// Why, where it is a guess.
    var note: String?
  }

  let facts: TableFacts
  let wishes: InitWishes
  let kind: DirectoryKind
  let roles: ColumnRoles

  init(_ facts: TableFacts, _ wishes: InitWishes, _ kind: DirectoryKind) {
    self.facts = facts
    self.wishes = wishes
    self.kind = kind
    roles = ColumnRoles(facts.columns)
  }

  // MARK: Key

  /// The column that identifies a person, and what is to be said of it; nil with the reason where there is none.
  var key: (sql: String?, note: String) {
    if let name = wishes.key {
      guard let column = column(name) else { return (nil, "has no column \"\(name)\", which --key names") }
      return (column.sql, "as --key says")
    }
    let fit = facts.columns.filter { [.integer, .uuid, .text].contains($0.kind) }
    if facts.primaryKey.count == 1, let column = fit.first(where: { $0.name == facts.primaryKey[0] }) {
      return (column.sql, "The primary key. It identifies a person and must never change.")
    }
    let unique = fit.filter { facts.uniques.contains($0.name) }
    if unique.count == 1 {
      return (unique[0].sql, "A guess: the only column that is unique and never NULL. It must never change.")
    }
    let why =
      facts.primaryKey.count > 1 ? "its primary key has several columns" : "it has no primary key that can be one"
    return (
      nil,
      "\(why); name a column that identifies a person, an integer, uuid or text, with --key: "
        + fit.map(\.name).joined(separator: ", ")
    )
  }

  private func column(_ name: String) -> TableFacts.Column? {
    facts.columns.first { $0.name == name || $0.sql == name }
  }

  // MARK: Names

  /// The expression that names a person.
  var username: (sql: String?, note: String?) {
    if let text = wishes.username { return (column(text)?.sql ?? text, nil) }
    if let column = roles[.username] { return (column.sql, note(of: column)) }
    if let email = roles[.email], email.kind == .text {
      return (
        "split_part(\(email.sql), '@', 1)",
        "A guess: there is no column of user names, so it is the part of the address before the @."
      )
    }
    return (nil, nil)
  }

  /// A comment for a column that was found by what is said of it, or that says more than its name.
  private func note(of column: TableFacts.Column) -> String? {
    if roles.byComment.contains(column.name) {
      return "A guess, by the column's comment: \(column.comment ?? "")"
    }
    return column.comment.map { "\(column.name): \($0)" }
  }

  private var given: TableFacts.Column? { roles[.givenName] }
  private var surname: TableFacts.Column? { roles[.surname] ?? (given == nil ? nil : roles[.name]) }
  private var whole: TableFacts.Column? {
    roles[.fullName] ?? (given == nil && roles[.surname] == nil ? roles[.name] : nil)
  }

  private var fullName: (sql: String, note: String?) {
    if let whole { return (whole.sql, note(of: whole)) }
    if let given, let surname {
      return ("concat_ws(' ', \(given.sql), \(surname.sql))", "Of the two columns for names.")
    }
    if let one = surname ?? given { return (one.sql, note(of: one)) }
    return (username.sql ?? "NULL", "A guess: there is no column with a name of the person.")
  }

  private var lastName: (sql: String, note: String?) {
    if let surname { return (surname.sql, note(of: surname)) }
    if let whole {
      return ("split_part(trim(\(whole.sql)), ' ', -1)", "A guess: the last word of the full name.")
    }
    return (fullName.sql, "A guess: there is no column with a surname.")
  }

  // MARK: Attributes

  /// All attributes that the schema lets entries of these classes have, the naming attribute first.
  /// - Parameter domain: of Active Directory, for the names with an @.
  func lines(naming: String, classes: [String], _ schema: Schema, domain: String?) -> [Line] {
    let (full, last) = (fullName, lastName)
    var lines: [Line] = []
    if kind == .activeDirectory {
      lines = [
        Line(
          attribute: "cn", sql: full.sql, note: "It names the entry, so two people of one name are in each other's way."
        ),
        Line(attribute: "sAMAccountName", sql: username.sql ?? "NULL", note: username.note ?? "At most 20 characters."),
        Line(attribute: "displayName", sql: full.sql, note: full.note),
      ]
      if let domain, let name = username.sql {
        lines.insert(
          Line(attribute: "userPrincipalName", sql: "\(name) || \(SQLText.literal("@" + domain))", note: nil), at: 2)
      }
    } else {
      lines = [
        Line(attribute: "uid", sql: username.sql ?? "NULL", note: username.note),
        Line(attribute: "cn", sql: full.sql, note: full.note),
      ]
    }
    lines.append(Line(attribute: "sn", sql: last.sql, note: last.note))
    for (role, attribute) in further {
      guard let column = roles[role], !(role == .title && column.name == roles[.name]?.name) else { continue }
      lines.append(Line(attribute: attribute, sql: column.sql, note: note(of: column)))
    }
    if classes.contains("posixAccount") {
      for (role, attribute) in Self.posix {
        if let column = roles[role] {
          lines.append(Line(attribute: attribute, sql: column.sql, note: note(of: column)))
        }
      }
    }
    lines = lines.filter { schema.attributeType($0.attribute) != nil }
    if kind != .activeDirectory { lines = lines.filter { schema.allows($0.attribute, classes: classes) } }
    // Whatever else names the entries is what the user name is.
    if !lines.contains(where: { $0.attribute.lowercased() == naming.lowercased() }) {
      lines.insert(Line(attribute: naming, sql: username.sql ?? "NULL", note: username.note), at: 0)
    }
    return lines
  }

  /// Columns that become what they are called.
  private var further: [(ColumnRole, String)] {
    let isAD = kind == .activeDirectory
    return [
      (.givenName, "givenName"), (.email, "mail"), (.telephone, "telephoneNumber"), (.mobile, "mobile"),
      (.title, "title"),
      (.department, isAD ? "department" : "departmentNumber"), (.company, isAD ? "company" : "o"),
      (.room, isAD ? "physicalDeliveryOfficeName" : "roomNumber"), (.street, isAD ? "streetAddress" : "street"),
      (.city, "l"), (.postalCode, "postalCode"), (.employeeType, "employeeType"), (.language, "preferredLanguage"),
    ]
  }

  private static let posix: [(ColumnRole, String)] = [
    (.uidNumber, "uidNumber"), (.gidNumber, "gidNumber"), (.homeDirectory, "homeDirectory"), (.shell, "loginShell"),
  ]

  /// Whether the table has what a Unix account needs.
  var isPosix: Bool { roles[.uidNumber] != nil && roles[.gidNumber] != nil && roles[.homeDirectory] != nil }

  // MARK: Who may log in

  /// The condition, and why it is this one; no condition where everybody may log in, as far as is seen.
  var active: (sql: String?, notes: [String]) {
    if let text = wishes.active { return (text, []) }
    var parts: [String] = []
    var notes: [String] = []
    if let column = roles[.enabled] {
      parts.append(column.sql)
      notes.append("A guess, by the spelling of the column \(column.name).")
    } else if let column = roles[.status] {
      let (sql, note) = Self.condition(on: column, isEmpty: facts.isEmpty)
      if let sql { parts.append(sql) }
      notes.append(note)
    }
    if let column = roles[.disabled] {
      parts.append("\(column.sql) IS NOT TRUE")
      notes.append("A guess, by the spelling of the column \(column.name).")
    }
    if let column = roles[.ended] {
      parts.append("\(column.sql) IS NULL")
      notes.append("A guess: whoever has a value in \(column.name) has left.")
    }
    if let column = roles[.until] {
      let (now, sql) = (column.kind == .date ? "current_date" : "now()", column.sql)
      parts.append("(\(sql) IS NULL OR \(sql) >= \(now))")
      notes.append(
        "A guess: the last day of somebody is in \(column.name). A day that passes changes no row: it takes effect with the "
          + "next comparison of everybody (reconcile.every).")
    }
    return (parts.isEmpty ? nil : parts.joined(separator: " AND "), notes)
  }

  private static let activeWords = [
    "active", "enabled", "employed", "current", "aktiv", "actif", "activo", "a", "1", "y", "yes", "true", "j", "ja",
  ]

  private static func condition(on column: TableFacts.Column, isEmpty: Bool) -> (sql: String?, note: String) {
    if column.kind == .boolean { return (column.sql, "A guess, by the spelling of the column \(column.name).") }
    let seen = column.values
    let list = seen.prefix(10).joined(separator: ", ")
    if let value = activeWords.lazy.compactMap({ word in seen.first { $0.lowercased() == word } }).first {
      let literal = column.kind == .integer ? value : SQLText.literal(value).trimmed
      return ("\(column.sql) = \(literal)", "A guess: \(column.name) has the values \(list).")
    }
    if seen.isEmpty, isEmpty, column.kind == .text {
      return ("\(column.sql) = 'active'", "A guess: the table is empty, so nobody has seen a value of \(column.name).")
    }
    return (nil, "\(column.name) has the values \(list), and none says who may log in: add active: …")
  }
}

extension String {
  fileprivate var trimmed: String { hasPrefix(" ") ? String(dropFirst()) : self }
}
