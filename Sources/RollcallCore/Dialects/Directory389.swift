import LDAPModel

/// 389 Directory Server.
public struct Directory389: Dialect {
  public init() {}

  public var kind: DirectoryKind { .directory389 }
  public var disabling: Disabling { .values([Attribute("nsAccountLock", ["true"])]) }
  public var firstPassword: FirstPassword { .added(attribute: "userPassword") }

  public var identityAttribute: String { "nsUniqueId" }

  /// Operational: a search for all user attributes does not return it.
  public var operationalAttributes: [String] { ["nsAccountLock"] }

  /// It serves five operations of a connection at a time (`nsslapd-maxthreadsperconn`).
  public var window: Int { 16 }

  /// `nsslapd-maxbersize`.
  public var messageLimit: Int { 2_097_152 }

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
