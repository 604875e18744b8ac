public import LDAPModel
internal import PlainText

/// An operation that failed, with its result.
///
/// It contains no password and none of the values sent; a server may quote anything in its diagnostic message.
public struct LDAPError: Error, Hashable, Sendable {
  /// The server's code, or libldap's own below zero: `serverDown` and `timeout` mean that the session is gone and the
  /// outcome unknown, `connectError` that there never was a session, `encodingError` that the request was refused
  /// here and nothing was sent.
  public var code: ResultCode
  /// The server's message, or advice; one line, may be empty.
  public var diagnostic: String
  /// The nearest existing entry, if the server names it (RFC 4511 section 4.1.9); may be empty.
  public var matchedDN: String
  /// The operation, as in `add uid=x,dc=example,dc=com` or `connect ldaps://host`.
  public var operation: String
  /// Whether the server has been found to take no writes at all, so that this answer to a write concerns no entry.
  public var isOfServer = false

  public init(code: ResultCode, diagnostic: String = "", matchedDN: String = "", operation: String) {
    self.code = code
    self.diagnostic = LDAPError.line(diagnostic)
    self.matchedDN = matchedDN.excerpt(Excerpt.message)
    self.operation = LDAPError.line(operation)
  }

  /// The text as one line of bounded length: Active Directory sends line ends and NULs.
  private static func line(_ text: String) -> String {
    let words = text.unicodeScalars.split { $0.value < 0x20 || $0.value == 0x7F }
    return words.map(String.init).joined(separator: " ").excerpt(Excerpt.message)
  }

  /// The same error for another operation that was in flight.
  func concerning(_ operation: String) -> LDAPError {
    LDAPError(code: code, diagnostic: diagnostic, matchedDN: matchedDN, operation: operation)
  }
}

extension LDAPError: CustomStringConvertible {
  public var description: String {
    var text = "\(operation): \(code)"
    if !diagnostic.isEmpty { text += ": \(diagnostic)" }
    if !matchedDN.isEmpty { text += " (nearest existing entry: \(matchedDN.excerpt()))" }
    return text
  }
}
