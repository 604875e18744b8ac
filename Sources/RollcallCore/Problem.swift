internal import PlainText

/// Why a key is set aside: who, what and what to do, in words for a person; never a secret value.
public struct Problem: Error, Sendable, Equatable, CustomStringConvertible {
  public var reason: Reason
  /// One line without a final full stop; never longer than ``Excerpt/sentence``, whatever the values in it.
  public var message: String { didSet { message = message.excerpt(Excerpt.sentence) } }
  /// What the key waits for: a normalized DN, `attribute: value` (both as in `Step.frees`) or a key. Nil: its
  /// row, the mapping or the schema.
  public var blocks: String?
  /// The LDAP result code when a server refused, else nil.
  public var code: Int32?
  /// It may end by itself, without anybody's word: it is tried again after a while.
  public var mayPass = false

  public init(_ reason: Reason, _ message: Wording, blocks: String? = nil, code: Int32? = nil) {
    self.reason = reason
    self.message = message.text
    self.blocks = blocks.map(Problem.cause)
    self.code = code
  }

  public var description: String { message }

  /// What a key waits for as ``blocks`` has it: a long name or value by its beginning and a hash of it all.
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
    /// Two entries carry one link, or two keys are one under the link's matching rule.
    case duplicateLink = "duplicate-link"
    /// The directory's schema would refuse the entry, or did.
    case schema
    /// An expression of the mapping failed, or its value has no form in LDAP.
    case mapping
    /// The server refused the operation.
    case refused
    /// The server does not let us write this.
    case access
    /// A group that the row names cannot be had, or one that it leaves cannot do without it.
    case group
    /// The operation is larger than the server takes.
    case tooLarge = "too-large"
    /// `users.filter` leaves its entry out.
    case excluded
    /// It would touch an entry that is never touched.
    case protected
    /// What it wants belongs to somebody who is pinned.
    case pinned
  }
}
