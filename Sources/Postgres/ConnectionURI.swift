/// Detects a connection URI in which a password was not escaped.
///
/// libpq ends the password at the first `@`, or parses it as host and port if a `/` comes before: the rest of the
/// password is then treated as a host, a port or a database, and libpq's message names it if it cannot be reached.
/// Therefore a URI with an `@` at an invalid place is not tried.
enum ConnectionURI {
  /// The problem, without any part of the text; nil if there is none, or the text is not a URI.
  static func complaint(_ text: String) -> String? {
    guard let scheme = ["postgresql://", "postgres://"].first(where: text.hasPrefix) else { return nil }
    var rest = text.dropFirst(scheme.count)
    if let end = rest.firstIndex(where: { $0 == "@" || $0 == "/" }), rest[end] == "@" {
      rest = rest[rest.index(after: end)...]
    }
    let hosts = rest.prefix { $0 != "/" && $0 != "?" }
    let path = rest.dropFirst(hosts.count).prefix { $0 != "?" }
    let query = rest.dropFirst(hosts.count + path.count).dropFirst()
    let isPlain =
      hosts.split(separator: ",", omittingEmptySubsequences: false).allSatisfy(isHost) && !path.contains("@")
      && query.split(separator: "&").allSatisfy(isParameter)
    return isPlain
      ? nil
      : "the URI has a character where none is allowed; in a password @ / ? # : % and spaces are written as %40 %2F %3F "
        + "%23 %3A %25 %20"
  }

  /// `host`, `host:port`, `[address]:port`.
  private static func isHost(_ text: Substring) -> Bool {
    if text.contains("@") { return false }
    let tail = text.hasPrefix("[") ? text.drop { $0 != "]" }.dropFirst() : text.drop { $0 != ":" }
    guard tail.first == ":" else { return tail.isEmpty }
    return tail.dropFirst().utf8.allSatisfy { (0x30...0x39).contains($0) }
  }

  /// An abstract socket begins with `@`, and some services have user names that contain one.
  private static func isParameter(_ text: Substring) -> Bool {
    if text.hasPrefix("user=") { return true }
    guard text.hasPrefix("host=") else { return !text.contains("@") }
    return text.dropFirst(5).split(separator: ",").allSatisfy { !$0.dropFirst().contains("@") }
  }
}
