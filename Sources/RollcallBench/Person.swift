/// The people of the benchmark: the same in the table and in the writes of the floor.
struct Person: Sendable {
  let key: Int

  var uid: String { "user\(key)" }
  var mail: String { "user\(key)@example.com" }
  var surname: String { "Lastname\(key)" }
  var name: String { "First\(key) \(surname)" }

  func dn(below base: String) -> String { "uid=\(uid),\(base)" }

  /// Inserts the people 1 to `count` into the table.
  static func insert(_ count: Int) -> String {
    """
    TRUNCATE users;
    INSERT INTO users (id, username, email, full_name, status, updated_at)
    SELECT i, 'user' || i, 'user' || i || '@example.com', 'First' || i || ' Lastname' || i, 'active', now()
    FROM generate_series(1, \(count)) AS i;
    ANALYZE users;
    """
  }
}
