import Sandbox

/// Values from other tables, and who they concern: rooms, each of a few people, and whoever came before somebody.
enum ModelRooms {
  private static let count = 12
  /// The room of the row `roster`, which its person leaves for another one with some changes of the row. People for whom
  /// there were entries before have none, so that these are theirs as long as their rows are there.
  private static let room = "CASE WHEN phone IS NULL THEN (id + length(coalesce(email, ''))) % \(count) END"

  /// SQL over a person's row: whether the room is in use, its name, and the name of whom the writer made before.
  static let isOpen = "(SELECT r.is_open FROM rooms AS r WHERE r.room = \(room)) IS DISTINCT FROM false"
  static let name = "(SELECT r.name FROM rooms AS r WHERE r.room = \(room))"
  static let former = "(SELECT f.full_name FROM users AS f WHERE f.id = roster.id - 10)"

  static func add(to settings: inout SiteSettings) {
    settings.schema += """

      CREATE TABLE rooms (room int PRIMARY KEY, name text, is_open boolean NOT NULL DEFAULT true);
      INSERT INTO rooms SELECT n, 'Room ' || n FROM generate_series(0, \(count - 1)) AS n;
      """
    settings.watch += "; SELECT rollcall.watch('rooms', 'room', NULL, '{room,is_open}')"
    let queries = """
      { table: rooms, key: room, keys: "SELECT id FROM users JOIN changed ON changed.room = \(room)" },
          { table: users, key: id, keys: "SELECT u.id FROM users AS u JOIN changed ON changed.id = u.id - 10" }]
      """
    let groups = "watch: [{ table: user_roles, key: user_id }]"
    if settings.source.contains(groups) {
      settings.source = settings.source.replacing(groups, with: "\(groups.dropLast()), \(queries)")
    } else {
      settings.source += "\n  watch: [\(queries)"
    }
    settings.source += "\n  where: \"\(isOpen)\""
    settings.attributes += "\n    roomNumber: \"\(name)\"\n    title: \"\(former)\""
  }

  /// A change of some rooms.
  static func statement(_ random: inout ModelRandom) -> String {
    let room = random.below(count)
    let name = random.chance(10) ? "NULL" : "'Room \(random.below(100))'"
    return switch random.below(100) {
    case 0..<50: "UPDATE rooms SET name = \(name) WHERE room = \(room)"
    case 50..<60: "UPDATE rooms SET name = \(name) WHERE room % 3 = \(room % 3)"
    case 60..<65: "UPDATE rooms SET name = \(name)"
    case 65..<75: "DELETE FROM rooms WHERE room = \(room)"
    case 75..<83: "INSERT INTO rooms VALUES (\(room), \(name)) ON CONFLICT (room) DO UPDATE SET name = EXCLUDED.name"
    // It becomes one that nobody is in.
    case 83..<88: "UPDATE rooms SET room = room + \(count) WHERE room = \(room)"
    case 88..<91:
      "UPDATE rooms SET room = room % \(count) WHERE room >= \(count) AND room % \(count) NOT IN (SELECT room FROM rooms)"
    case 91..<97: "UPDATE rooms SET is_open = NOT is_open WHERE room = \(room)"
    case 97..<99: "UPDATE rooms SET is_open = true"
    default: "TRUNCATE rooms"
    }
  }
}
