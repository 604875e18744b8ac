internal import ThrowawaySite

/// What a row becomes. Works of one mapping share their servers.
enum MeasuredMapping: CaseIterable, Sendable {
  /// The columns of one row.
  case plain
  /// All people name one manager, who is person 0.
  case references
  /// All people are of one department, which is a row of another table.
  case keys

  /// How many people, if nobody says otherwise.
  func size(durable: Bool) -> Int {
    switch self {
    case .plain: durable ? 5_000 : 40_000
    case .references: 10_000
    case .keys: 50_000
    }
  }

  var lines: ThrowawaySite.Lines {
    var lines = ThrowawaySite.Lines(users: ["inactive: delete"])
    switch self {
    case .plain: break
    case .references: lines.users.append("references: { manager: manager_id }")
    case .keys:
      lines.source.append(
        "watch: [{ table: departments, key: id, keys: "
          + "SELECT users.id FROM users JOIN changed ON users.department_id = changed.id }]")
      lines.attributes.append("departmentNumber: (SELECT d.name FROM departments AS d WHERE d.id = department_id)")
    }
    return lines
  }

  /// SQL that completes the table of people.
  var rows: String {
    switch self {
    case .plain: ""
    case .references:
      """
      ALTER TABLE users ADD manager_id int DEFAULT 0;
      INSERT INTO users (id, username, full_name, status, manager_id) VALUES (0, 'manager', 'A Manager', 'active', NULL);
      """
    case .keys:
      """
      CREATE TABLE departments (id int PRIMARY KEY, name text NOT NULL);
      INSERT INTO departments VALUES (1, 'one');
      ALTER TABLE users ADD department_id int DEFAULT 1;
      CREATE INDEX ON users (department_id);
      """
    }
  }
}
