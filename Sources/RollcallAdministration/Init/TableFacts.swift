/// What `rollcall init` knows of the table of people.
package struct TableFacts: Sendable, Equatable {
  /// What a column's type is good for.
  package enum Kind: Sendable, Equatable {
    case text
    case texts
    case integer
    case uuid
    case boolean
    case date
    /// With or without a time zone.
    case time
    case enumeration
    case other
  }

  package struct Column: Sendable, Equatable {
    package var name: String
    /// As SQL writes it: quoted where it has to be.
    package var sql: String
    package var kind: Kind
    package var comment: String?
    /// Some of its values, or all where they are few: of a column that looks like a status and of no other.
    package var values: [String]

    package init(
      _ name: String, sql: String? = nil, _ kind: Kind = .text, comment: String? = nil, values: [String] = []
    ) {
      self.name = name
      self.sql = sql ?? name
      self.kind = kind
      self.comment = comment
      self.values = values
    }
  }

  /// A table whose rows put people into groups.
  package struct Membership: Sendable, Equatable {
    /// Schema and name, quoted where needed.
    package var table: String
    /// The column that names the person.
    package var person: String
    /// The column that names the group.
    package var group: String
    /// Where the group's name stands, if `group` is a number: the table, its key and the column of the name.
    package var names: (table: String, key: String, name: String)?

    package init(
      table: String, person: String, group: String, names: (table: String, key: String, name: String)? = nil
    ) {
      self.table = table
      self.person = person
      self.group = group
      self.names = names
    }

    package static func == (one: Self, other: Self) -> Bool {
      one.table == other.table && one.person == other.person && one.group == other.group
        && one.names?.table == other.names?.table
    }
  }

  /// Schema and name, quoted where needed.
  package var table: String
  package var schema: String
  package var comment: String?
  package var columns: [Column]
  /// The columns of the primary key.
  package var primaryKey: [String]
  /// Other columns that are unique and never NULL.
  package var uniques: [String]
  /// Columns that name another person of the same table.
  package var selfReferences: [String]
  package var memberships: [Membership]
  /// Schemas of the columns' types, besides `pg_catalog` and the table's own.
  package var typeSchemas: [String]
  package var isEmpty: Bool

  package init(
    table: String, schema: String = "public", comment: String? = nil, columns: [Column], primaryKey: [String] = [],
    uniques: [String] = [], selfReferences: [String] = [], memberships: [Membership] = [], typeSchemas: [String] = [],
    isEmpty: Bool = false
  ) {
    self.table = table
    self.schema = schema
    self.comment = comment
    self.columns = columns
    self.primaryKey = primaryKey
    self.uniques = uniques
    self.selfReferences = selfReferences
    self.memberships = memberships
    self.typeSchemas = typeSchemas
    self.isEmpty = isEmpty
  }
}
