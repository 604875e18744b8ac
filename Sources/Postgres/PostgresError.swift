internal import PlainText

/// An error of libpq or the server.
public struct PostgresError: Error, Sendable, Equatable, CustomStringConvertible {
  public enum Kind: Sendable, Equatable {
    /// The connection could not be made, or is gone; the outcome of the statements in progress is unknown.
    case connection
    /// The server refused the statement with a reason; the connection stays usable.
    case server
    /// The deadline passed; the connection was closed.
    case timeout
  }

  public var kind: Kind
  /// Whether the connection was gone before the statement was sent, so that the statement did not end it.
  public var isUnsent = false
  /// The five characters of the error's SQLSTATE (PostgreSQL manual, appendix A), if the server sent one.
  public var sqlState: String?
  /// The primary message. Like all its texts limited to ``Excerpt/message``: PostgreSQL quotes values.
  public var message: String
  public var detail: String?
  public var hint: String?
  /// The position of the error in the statement in characters, counted from 1.
  public var position: Int?
  /// The context of the error: the stack of functions and statements.
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

  /// Whether the connection is unusable and a new one may help.
  ///
  /// Class 08 (connection), 57P0x (shutdown, crash, cannot connect now) and 25006 (a primary that has become a
  /// standby), and everything that libpq itself reports. It is meaningless for a statement that calls foreign code,
  /// because that can raise any state.
  public var isConnectionLost: Bool {
    if kind != .server { return true }
    guard let sqlState else { return false }
    return sqlState.hasPrefix("08") || sqlState.hasPrefix("57P") || sqlState == "25006"
  }

  /// Whether a session that can write was requested, and the server is a standby.
  public var isReadOnly: Bool { kind == .connection && message.hasSuffix("session is read-only") }

  /// The same error for a statement that was not sent.
  var unsent: PostgresError {
    var error = self
    error.isUnsent = true
    return error
  }
}
