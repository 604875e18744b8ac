public import LDAPModel

/// The kinds of server that Rollcall knows; the raw values are those of the configuration's `kind`.
public enum DirectoryKind: String, Sendable, CaseIterable {
  case openldap
  case directory389 = "389ds"
  case activeDirectory = "ad"

  /// The behavior that is specific to this kind.
  public var dialect: any Dialect {
    switch self {
    case .openldap: OpenLDAP()
    case .directory389: Directory389()
    case .activeDirectory: ActiveDirectory()
    }
  }
}

/// The differences between servers that decide what is planned. Besides it, only the reader of a server's clock and the
/// checks of its set-up ask which server it is.
public protocol Dialect: Sendable {
  var kind: DirectoryKind { get }

  /// The server's own way of keeping a person from logging in.
  var disabling: Disabling { get }

  /// How an entry gets its first password.
  var firstPassword: FirstPassword { get }

  /// Whether the server accepts a password only over an encrypted connection.
  var passwordNeedsEncryption: Bool { get }

  /// Whether the server takes the hash of a password with its scheme before it (RFC 2307 section 5.3), at least where
  /// it is told to. Elsewhere the text of the hash would become the password.
  var takesHashedPasswords: Bool { get }

  /// The attribute that identifies an entry permanently.
  var identityAttribute: String { get }

  /// A value by which the server marks an administrator's account, and which it never removes.
  var privilegeMark: Attribute? { get }

  /// Attributes that a search returns only if they are requested by name.
  var operationalAttributes: [String] { get }

  /// Attributes whose values are unique in the whole directory, beside the DN.
  var uniqueAttributes: [UniqueAttribute] { get }

  /// Result codes, besides entryAlreadyExists, with which the server refuses a value that another entry has. They
  /// have other causes too, so a search for the holder must follow.
  var collisionCodes: Set<ResultCode> { get }

  /// The attributes that such a refusal names as already used by another entry, possibly none; nil if the refusal has
  /// another cause.
  func uniqueness(in diagnostic: String) -> [String]?

  /// Attributes that every account always has, with the value that means "none"; nil if there is no such value.
  var lastingAttributes: [String: AttributeValue?] { get }

  /// Attributes that the server resets when the first password is set by a modify.
  var passwordSideEffects: [String] { get }

  /// The form in which attributes of that syntax take a time; nil: the form of RFC 4517.
  func timeForm(of syntax: String) -> TimeForm?

  /// Attributes that a class requires and the server itself provides.
  var providedAttributes: [String] { get }

  /// Whether the schema's object classes list all attributes that their entries can have.
  var classesAreComplete: Bool { get }

  /// The only attribute type that may name a person; nil if any may.
  var obligatoryNaming: String? { get }

  /// Operations that the server processes concurrently on one connection; more in flight only fill its queue.
  var window: Int { get }

  /// Entries per page of a paged search.
  var pageSize: Int { get }

  /// The server's default limit for the size of a message, in bytes.
  var messageLimit: Int { get }

  /// Whether the values of a large attribute come in ranges (`member;range=0-1499`).
  var rangedRetrieval: Bool { get }

  /// How many entries a paged search returns to an account without limits of its own; nil if there is no limit.
  var searchLimit: Int? { get }

  /// How an administrator raises that limit for the account `dn`.
  func liftingLimits(of dn: String) -> String

  /// How an administrator creates an equality index.
  func indexing(_ attribute: String) -> String

  /// Object classes of a container that is created because an entry needs it, by the type of its RDN; nil: it cannot
  /// be created.
  func containerClasses(naming type: String) -> [String]?

  /// Whether the server sets the attribute itself and refuses it in an add, although its schema does not say so.
  func isServerOwned(_ attribute: String) -> Bool

  /// Whether the server itself changes every DN that entries have of others, when these are renamed, moved or deleted.
  var followsNames: Bool { get }

  /// What an administrator can do instead of adding a deleted entry again.
  ///
  /// - Parameter id: the entry's id, as 32 hexadecimal digits.
  func restoring(_ id: String?) -> [String]

  /// The first password in the encoding that the server expects.
  func encode(password: AttributeValue) -> AttributeValue
}

/// A way of disabling an account.
public enum Disabling: Sendable, Equatable {
  /// The entry has these values while it is disabled.
  case values([Attribute])
  /// These bits of the decimal attribute that controls an account (``FirstPassword/modified``) are set while it is
  /// disabled; all others are kept.
  case bits(mask: Int)
}

/// How an entry gets its first password.
public enum FirstPassword: Sendable, Equatable {
  /// Together with all other attributes when the entry is added.
  case added(attribute: String)
  /// By a modify after a disabled entry was added. Until then the entry has the bits `unfinished` in `control`;
  /// afterwards `control` is `normal`, or the mapping's value. Without a password it is `passwordless`, or the
  /// mapping's value.
  case modified(attribute: String, control: String, normal: Int, unfinished: Int, passwordless: Int)
}

/// An attribute whose values are unique in the directory.
public struct UniqueAttribute: Sendable, Equatable {
  public enum Vacating: Sendable {
    /// The attribute can be missing while names are exchanged.
    case removed
    /// The attribute needs a temporary value of at most 19 characters.
    case replaced
  }

  public var name: String
  public var vacating: Vacating

  public init(_ name: String, _ vacating: Vacating) {
    self.name = name
    self.vacating = vacating
  }
}

extension Dialect {
  /// Whether the server hashes or hides the values of `attribute`, so that they must never be compared.
  public func hides(_ attribute: String) -> Bool {
    let type = attribute.attributeType.lowercased()
    return LDIF.secretAttributes.contains { $0.lowercased() == type }
  }

  public var passwordNeedsEncryption: Bool { false }
  public var takesHashedPasswords: Bool { true }
  public var privilegeMark: Attribute? { nil }
  public var operationalAttributes: [String] { [] }
  public var uniqueAttributes: [UniqueAttribute] { [] }
  public var collisionCodes: Set<ResultCode> { [] }
  public func uniqueness(in diagnostic: String) -> [String]? { nil }
  public var lastingAttributes: [String: AttributeValue?] { [:] }
  public var passwordSideEffects: [String] { [] }
  public func timeForm(of syntax: String) -> TimeForm? { nil }
  public var providedAttributes: [String] { ["objectClass"] }
  public var obligatoryNaming: String? { nil }
  public var classesAreComplete: Bool { true }
  public var rangedRetrieval: Bool { false }
  public var pageSize: Int { 1000 }
  public var searchLimit: Int? { nil }
  public var followsNames: Bool { false }
  public func isServerOwned(_ attribute: String) -> Bool { false }

  public func restoring(_ id: String?) -> [String] { [] }

  public func encode(password: AttributeValue) -> AttributeValue { password }
}

extension String {
  /// The type of an attribute description: the part before its options (RFC 4512 section 2.5).
  var attributeType: String {
    guard let end = utf8.firstIndex(of: UInt8(ascii: ";")) else { return self }
    return String(self[..<end])
  }
}
