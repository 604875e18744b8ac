/// Groups that follow from the table, where it or another one says who is in which.
struct GroupProposal {
  /// SQL that gives an array of names.
  var membership: String
  var note: String
  /// A table to watch with the column that names the person.
  var watch: (table: String, key: String)?

  /// Nil where nothing tells who is in which group.
  init?(_ facts: TableFacts, _ roles: ColumnRoles, key: String) {
    if let column = roles[.groups] {
      membership = column.sql
      note = "A guess, by the spelling of the column \(column.name)."
      return
    }
    guard let found = facts.memberships.first else { return nil }
    watch = (found.table, found.person)
    let others = facts.memberships.dropFirst().map(\.table)
    note =
      "A guess: the rows of \(found.table) refer to people."
      + (others.isEmpty ? "" : " So do those of \(others.joined(separator: ", ")).")
    if let names = found.names {
      membership =
        "ARRAY(SELECT g.\(names.name) FROM \(found.table) AS m JOIN \(names.table) AS g ON g.\(names.key) = m.\(found.group) "
        + "WHERE m.\(found.person) = roster.\(key))"
      note +=
        " A new name in \(names.table) changes no row of it: it takes effect with the next comparison of everybody."
    } else {
      membership =
        "ARRAY(SELECT m.\(found.group)::text FROM \(found.table) AS m WHERE m.\(found.person) = roster.\(key))"
    }
  }
}
