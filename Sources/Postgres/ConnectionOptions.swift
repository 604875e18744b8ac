internal import CPostgres
internal import Glibc

/// The user's connection string, with the options that a long-lived client needs.
public struct ConnectionOptions: Sendable {
  /// libpq keywords and values, in the order in which they are passed to the library.
  private let parsed: [(name: String, value: String)]
  /// The initial settings of each session.
  let settings: [(name: String, value: String)]
  /// Values that libpq itself never shows (its `dispchar` is `*`), such as the password.
  private let secrets: [String]

  /// - Parameters:
  ///   - conninfo: a keyword/value string or a URI (PostgreSQL manual, 34.1.1); empty leaves everything to the PG*
  ///     environment. Its settings override the defaults here.
  ///   - applicationName: shown in `pg_stat_activity`.
  ///   - readWrite: refuse a standby.
  /// - Throws: ``PostgresError`` if the string is malformed; the message never repeats the string.
  public init(_ conninfo: String, applicationName: String, readWrite: Bool = true) throws(PostgresError) {
    let (given, secret) = try ConnectionOptions.parse(conninfo)
    var keywords = given
    secrets = given.filter { secret.contains($0.name) }.map(\.value).filter { $0.utf8.count >= 4 }
    var defaults: [(String, String)] = [
      // With TCP's own defaults, a half-open connection is silent for two hours.
      ("connect_timeout", "5"), ("keepalives", "1"), ("keepalives_idle", "10"),
      ("keepalives_interval", "3"), ("keepalives_count", "3"), ("tcp_user_timeout", "10000"),
      // Trying GSSAPI first costs milliseconds and name look-ups.
      ("gssencmode", "disable"), ("client_encoding", "UTF8"), ("application_name", applicationName),
    ]
    if readWrite { defaults.append(("target_session_attrs", "read-write")) }
    for (name, value) in defaults where !keywords.contains(where: { $0.name == name }) {
      keywords.append((name, value))
    }
    parsed = keywords
    settings = []
  }

  private init(
    _ parsed: [(name: String, value: String)], settings: [(name: String, value: String)], secrets: [String]
  ) {
    self.parsed = parsed
    self.secrets = secrets
    self.settings = settings
  }

  /// The same options, for sessions that have these settings from their first statement on. They override those of
  /// the connection string, of `PGOPTIONS`, and of the role.
  public func settings(_ settings: [(name: String, value: String)]) -> ConnectionOptions {
    ConnectionOptions(parsed, settings: self.settings + settings, secrets: secrets)
  }

  /// Keywords and values, including the settings (PostgreSQL manual, 34.1.2 "options").
  var keywords: [(name: String, value: String)] {
    if settings.isEmpty { return parsed }
    // If the keyword is given, the library ignores the environment.
    var options = self["options"] ?? environment("PGOPTIONS") ?? ""
    for (name, value) in settings {
      options += " -c \(name)="
      for scalar in value.unicodeScalars {
        if scalar == " " || scalar == "\\" { options += "\\" }
        options.unicodeScalars.append(scalar)
      }
    }
    return parsed.filter { $0.name != "options" } + [("options", options)]
  }

  /// The options without the settings, for a pooler that refuses to pass them on.
  var withoutSettings: ConnectionOptions { ConnectionOptions(parsed, settings: [], secrets: secrets) }

  /// The settings as a statement.
  var script: String {
    "SELECT "
      + settings.map {
        "pg_catalog.set_config(\(SQLText.literal($0.name)), \(SQLText.literal($0.value)), false)"
      }.joined(separator: ", ")
  }

  private func environment(_ name: String) -> String? {
    unsafe getenv(name).map { unsafe String(cString: $0) }
  }

  /// The value of a keyword that the string or the defaults set.
  public subscript(name: String) -> String? { parsed.first { $0.name == name }?.value }

  /// Whether the string itself contains a secret, such as a password.
  public var holdsSecret: Bool { !secrets.isEmpty }

  /// The error without any of the secrets, wherever they came from.
  func masked(_ error: PostgresError) -> PostgresError {
    guard secrets.contains(where: error.message.contains) else { return error }
    var error = error
    for secret in secrets {
      error.message = error.message.split(separator: secret, omittingEmptySubsequences: false).joined(separator: "***")
    }
    return error
  }

  private typealias Keyword = (name: String, value: String)

  /// A connection string as keywords and values without what libpq never shows, for a file that anybody may read.
  ///
  /// - Parameter user: in place of the one in the string.
  public static func shown(_ conninfo: String, user: String?) throws(PostgresError) -> String {
    let (keywords, secret) = try parse(conninfo)
    var shown = keywords.filter { !secret.contains($0.name) }
    if let user {
      shown.removeAll { $0.name == "user" }
      shown.append(("user", user))
    }
    return shown.map { "\($0.name)=\(value($0.value))" }.joined(separator: " ")
  }

  /// As a keyword's value is written (PostgreSQL manual, 34.1.1.1).
  private static func value(_ text: String) -> String {
    let isPlain = !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x27 && $0 != 0x5C && $0 < 0x7F }
    if isPlain { return text }
    var out = "'"
    for scalar in text.unicodeScalars {
      if scalar == "'" || scalar == "\\" { out += "\\" }
      out.unicodeScalars.append(scalar)
    }
    return out + "'"
  }

  /// The keywords that are set, and the names of those whose values are secret.
  private static func parse(_ conninfo: String) throws(PostgresError) -> (keywords: [Keyword], secrets: Set<String>) {
    if let complaint = ConnectionURI.complaint(conninfo) {
      throw PostgresError(kind: .connection, message: "connection string: \(complaint)")
    }
    var complaint: UnsafeMutablePointer<CChar>?
    guard let options = unsafe PQconninfoParse(conninfo, &complaint) else {
      var message = unsafe complaint.map { unsafe String(cString: $0).trimmed } ?? "malformed"
      unsafe PQfreemem(complaint)
      // libpq quotes the offending part, which may be part of a password.
      if let quote = message.firstIndex(of: "\"") { message = String(message[..<quote]) + "…" }
      throw PostgresError(kind: .connection, message: "connection string: \(message)")
    }
    defer { unsafe PQconninfoFree(options) }
    var keywords: [Keyword] = []
    var secrets: Set<String> = []
    var option = unsafe options
    while let name = unsafe option.pointee.keyword {
      if let value = unsafe option.pointee.val {
        unsafe keywords.append((String(cString: name), String(cString: value)))
        if unsafe option.pointee.dispchar[0] == UInt8(ascii: "*") { unsafe secrets.insert(String(cString: name)) }
      }
      unsafe option += 1
    }
    return (keywords, secrets)
  }
}
