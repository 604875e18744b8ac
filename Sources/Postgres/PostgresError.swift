internal import PlainText

/// What went wrong between libpq and the server.
public struct PostgresError: Error, Sendable, Equatable, CustomStringConvertible {
  public enum Kind: Sendable, Equatable {
    /// The connection could not be made, or is gone; the outcome of what was under way is unknown.
    case connection
    /// The server refused the statement and says why; the connection lives on.
    case server
    /// The deadline passed; the connection has been given up.
    case timeout
  }

  public var kind: Kind
  /// The connection was gone before the statement was sent, so it is not what has ended it.
  public var isUnsent = false
  /// The five characters of the error's SQLSTATE (PostgreSQL manual, appendix A), where the server sent one.
  public var sqlState: String?
  /// The primary message. Like all its texts no longer than ``Excerpt/message``: PostgreSQL quotes values.
  public var message: String
  public var detail: String?
  public var hint: String?
  /// The character of the statement at which the error was found, counted from 1.
  public var position: Int?
  /// What the server was doing: the stack of functions and statements.
  public var context: String?

  public init(
    kind: Kind, sqlState: String? = nil, message: String, detail: String? = nil, hint: String? = nil,
    position: Int? = nil, context: String? = nil
  ) {
    self.kind = kind
    self.sqlState = sqlState
    self.message = message.excerpt(Excerpt.message)
    self.detail = detail?.excerpt(Excerpt.message)
    self.hint = hint?.excerpt(Excerpt.message)
    self.position = position
    self.context = context?.excerpt(Excerpt.message)
  }

  public var description: String {
    var text = message
    if let sqlState { text += " (SQLSTATE \(sqlState))" }
    if let detail { text += "; \(detail)" }
    if let hint { text += "; hint: \(hint)" }
    return text
  }

  /// Whether the connection is of no use any more and a new one may help.
  ///
  /// Class 08 (connection), 57P0x (shutdown, crash, cannot connect now) and 25006 (a primary that has become a standby),
  /// besides everything that libpq itself reports. Of a statement that calls code of others it says nothing, because
  /// that can raise any state.
  public var isConnectionLost: Bool {
    if kind != .server { return true }
    guard let sqlState else { return false }
    return sqlState.hasPrefix("08") || sqlState.hasPrefix("57P") || sqlState == "25006"
  }

  /// Whether a session was asked for that can write, and the server is a standby.
  public var isReadOnly: Bool { kind == .connection && message.hasSuffix("session is read-only") }

  /// The same for a statement that was not sent.
  var unsent: PostgresError {
    var error = self
    error.isUnsent = true
    return error
  }
}
