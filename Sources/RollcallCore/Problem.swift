internal import PlainText

/// Why a key is parked: who, what and what to do, in words for an administrator; never a secret value.
public struct Problem: Error, Sendable, Equatable, CustomStringConvertible {
  public var reason: Reason
  /// One line without a final full stop; never longer than ``Excerpt/sentence``, whatever values it contains.
  public var message: String { didSet { message = message.excerpt(Excerpt.sentence) } }
  /// The cause that the key waits for: a normalized DN, `attribute: value` (both as in `Step.frees`) or a key. Nil:
  /// its row, the mapping or the schema.
  public var blocks: String?
  /// The LDAP result code if a server refused, else nil.
  public var code: Int32?
  /// Whether it may end without anybody's action; the key is then retried after a while.
  public var mayPass = false

  public init(_ reason: Reason, _ message: Wording, blocks: String? = nil, code: Int32? = nil) {
    self.reason = reason
    self.message = message.text
    self.blocks = blocks.map(Problem.cause)
    self.code = code
  }

  public var description: String { message }

  /// The cause in the form of ``blocks``: a long name or value is cut and gets a hash of the whole.
  public static func cause(_ text: String) -> String {
    if text.utf8.count <= longestCause { return text }
    var hash = StableHash()
    hash.combine(text.utf8)
    return text.excerpt(longestCause / 8) + " " + hash.text
  }

  private static let longestCause = 1600

  /// Stable names: they are stored in the ledger and shown by `status`.
  public enum Reason: String, Sendable, CaseIterable {
    /// The row has no value, or several, for the attribute that names the entry.
    case nameMissing = "name-missing"
    /// The wanted DN, or a value that must be unique, belongs to another entry.
    case nameTaken = "name-taken"
    /// Two entries carry the same link, or two keys are equal under the link's matching rule.
    case duplicateLink = "duplicate-link"
    /// The directory's schema would refuse the entry, or did.
    case schema
    /// An expression of the mapping failed, or its value has no form in LDAP.
    case mapping
    /// The server refused the operation.
    case refused
    /// The server does not let us write this.
    case access
    /// A group that the row names is not available, or a group cannot lose its last member.
    case group
    /// The operation is larger than the server accepts.
    case tooLarge = "too-large"
    /// `users.filter` excludes its entry.
    case excluded
    /// It would change a protected entry.
    case protected
    /// The wanted name or value belongs to a pinned person.
    case pinned
  }
}
