public import LDAPModel

/// 389 Directory Server.
public struct Directory389: Dialect {
  public init() {}

  public var kind: DirectoryKind { .directory389 }
  public var disabling: Disabling { .values([Attribute("nsAccountLock", ["true"])]) }
  public var firstPassword: FirstPassword { .added(attribute: "userPassword") }

  public var identityAttribute: String { "nsUniqueId" }

  /// Operational: a search for all user attributes does not return it.
  public var operationalAttributes: [String] { ["nsAccountLock"] }

  /// Returned by the Attribute Uniqueness plug-in.
  public var collisionCodes: Set<ResultCode> { [.constraintViolation] }

  /// `Another entry with the same attribute value already exists (attribute: "mail ")`; a blank follows each name.
  public func uniqueness(in diagnostic: String) -> [String]? {
    guard diagnostic.contains("same attribute value already exists") else { return nil }
    let quoted = diagnostic.split(separator: "\"", omittingEmptySubsequences: false)
    return quoted.count > 2 ? quoted[1].split(separator: " ").map(String.init) : []
  }

  /// It processes five operations per connection at a time (`nsslapd-maxthreadsperconn`).
  public var window: Int { 16 }

  /// `nsslapd-maxbersize`.
  public var messageLimit: Int { 2_097_152 }

  /// `nsslapd-lookthroughlimit`: entries a search examines. `nsslapd-sizelimit`, 2000, does not end a paged search.
  public var searchLimit: Int? { 5000 }

  public func liftingLimits(of dn: String) -> String {
    "389: set nsSizeLimit, nsPagedSizeLimit and nsLookThroughLimit to -1 in the entry \(dn)"
  }

  public func indexing(_ attribute: String) -> String {
    "dsconf INSTANCE backend index add --attr \(attribute) --index-type eq --index-type pres --reindex BACKEND"
  }

  public func containerClasses(naming type: String) -> [String]? {
    switch type.lowercased() {
    case "ou": ["organizationalUnit"]
    case "o": ["organization"]
    case "l", "st": ["locality"]
    case "c": ["country"]
    case "dc": ["domain"]
    case "cn": ["nsContainer"]
    default: nil
    }
  }
}
