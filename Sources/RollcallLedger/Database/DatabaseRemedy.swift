internal import Postgres

extension PostgresError {
  /// What a person does about a connection that is refused, or a right that is missing; nil where the message says it, or
  /// where there is nothing to do but wait.
  var remedy: String? {
    switch sqlState {
    case "28P01": return "check the user and the password of the connection"
    case "28000": return message.contains("Peer authentication") ? Self.peer : Self.authorization(message)
    case "3D000": return "check the database's name in the connection, or create it"
    case "42501": return "run rollcall install, or grant this right to the role"
    default: break
    }
    if kind != .connection || sqlState != nil { return nil }
    if message.contains("no password supplied") {
      return "set it in PGPASSWORD, ~/.pgpass or the connection (password=${NAME})"
    }
    let isUnreachable = ["could not translate host name", "No such file or directory", "Connection refused"]
      .contains { message.contains($0) }
    return isUnreachable ? "check the host and the port of the connection" : nil
  }

  private static let peer =
    "over this socket PostgreSQL lets in the operating system's user of the same name: run this as that user, or "
    + "allow another way in pg_hba.conf"

  private static func authorization(_ message: String) -> String {
    message.contains("pg_hba.conf")
      ? "allow it in pg_hba.conf, and reload PostgreSQL" : "check the user of the connection, or create the role"
  }
}
