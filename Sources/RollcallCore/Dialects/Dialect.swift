public import LDAPModel

/// The kinds of server that Rollcall knows; the raw values are those of the configuration's `kind`.
public enum DirectoryKind: String, Sendable, CaseIterable {
  case openldap
  case directory389 = "389ds"
  case activeDirectory = "ad"

  /// What is particular to this kind.
  public var dialect: any Dialect {
    switch self {
    case .openldap: OpenLDAP()
    case .directory389: Directory389()
    case .activeDirectory: ActiveDirectory()
    }
  }
}

/// What differs from server to server; nothing else in the core or the engine asks which server it is.
public protocol Dialect: Sendable {
  var kind: DirectoryKind { get }

  /// The server's own way of keeping a person from logging in.
  var disabling: Disabling { get }

  /// How an entry gets its first password.
  var firstPassword: FirstPassword { get }

  /// Whether the server takes a password over an encrypted connection only.
  var passwordNeedsEncryption: Bool { get }

  /// The attribute that tells an entry from every other, for ever.
  var identityAttribute: String { get }

  /// A value by which the server marks an account as an administrator's, and which it does not take back.
  var privilegeMark: Attribute? { get }

  /// Attributes that a search returns only when they are asked for by name.
  var operationalAttributes: [String] { get }

  /// Attributes whose values are unique in the whole directory, beside the DN.
  var uniqueAttributes: [UniqueAttribute] { get }

  /// Codes other than entryAlreadyExists by which it refuses a value that another entry has; they have other causes
  /// too, so a look at who has what must follow.
  var collisionCodes: Set<ResultCode> { get }

  /// What such a refusal says of values that another entry has: the attributes that it names, perhaps none; nil where
  /// it is about something else.
  func uniqueness(in diagnostic: String) -> [String]?

  /// Attributes that every account has, whatever is written, with the value that means none; nil where no value does.
  var lastingAttributes: [String: AttributeValue?] { get }

  /// Attributes that the server sets anew when the first password comes by a modify.
  var passwordSideEffects: [String] { get }

  /// The form in which an attribute of that syntax takes a moment; nil: as RFC 4517 has it.
  func timeForm(of syntax: String) -> TimeForm?

  /// Attributes that a class demands and the server provides itself.
  var providedAttributes: [String] { get }

  /// Whether the schema's object classes name all attributes that their entries can have.
  var classesAreComplete: Bool { get }

  /// The only attribute type that may name a person; nil where any may.
  var obligatoryNaming: String? { get }

  /// Operations that the server works on at a time on one connection; more in flight only fill its queue.
  var window: Int { get }

  /// Entries a page of a paged search.
  var pageSize: Int { get }

  /// Bytes of the largest message that the server takes as it comes from its makers.
  var messageLimit: Int { get }

  /// The values of a large attribute come in ranges (`member;range=0-1499`).
  var rangedRetrieval: Bool { get }

  /// How many entries a search in pages gives an account of which nothing else is said; nil where pages have no end.
  var searchLimit: Int? { get }

  /// How an administrator lets the account `dn` see more than that.
  func liftingLimits(of dn: String) -> String

  /// How an administrator makes an equality index.
  func indexing(_ attribute: String) -> String

  /// Object classes of a container that is made because an entry needs it, by its RDN's type; nil: cannot be
  /// made.
  func containerClasses(naming type: String) -> [String]?

  /// Whether the server gives an attribute its values and takes none in an add, although its schema does not say so.
  func isServerOwned(_ attribute: String) -> Bool

  /// What an administrator can do instead of adding a deleted entry again.
  ///
  /// - Parameter id: the entry's, as 32 hexadecimal digits.
  func restoring(_ id: String?) -> [String]

  /// The first password as the server wants it.
  func encode(password: AttributeValue) -> AttributeValue
}

/// A way of disabling an account.
public enum Disabling: Sendable, Equatable {
  /// These values are there while it is disabled.
  case values([Attribute])
  /// These bits of a decimal attribute are set while it is disabled; all others are kept.
  case bits(attribute: String, mask: Int)
}

/// How an entry gets its first password.
public enum FirstPassword: Sendable, Equatable {
  /// With all else when the entry is added.
  case added(attribute: String)
  /// By a modify after a disabled entry was added. Until that is done the entry has the bits `unfinished` in
  /// `control`; afterwards `control` is `normal`, or what the mapping says. Without a password it is
  /// `passwordless`, or what the mapping says.
  case modified(attribute: String, control: String, normal: Int, unfinished: Int, passwordless: Int)
}

/// An attribute whose values are unique in the directory.
public struct UniqueAttribute: Sendable, Equatable {
  public enum Vacating: Sendable {
    /// It can be missing while names are exchanged.
    case removed
    /// It needs a temporary value of at most 19 characters.
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
  /// Whether the server hashes or hides what is written to `attribute`, so that it must never be compared.
  public func hides(_ attribute: String) -> Bool {
    let type = attribute.attributeType.lowercased()
    return LDIF.secretAttributes.contains { $0.lowercased() == type }
  }

  public var passwordNeedsEncryption: Bool { false }
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
  public func isServerOwned(_ attribute: String) -> Bool { false }

  public func restoring(_ id: String?) -> [String] { [] }

  public func encode(password: AttributeValue) -> AttributeValue { password }
}

extension String {
  /// The type of an attribute description: what precedes its options (RFC 4512 section 2.5).
  var attributeType: String {
    guard let end = utf8.firstIndex(of: UInt8(ascii: ";")) else { return self }
    return String(self[..<end])
  }
}
