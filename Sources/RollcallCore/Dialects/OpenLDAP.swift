public import LDAPModel

/// OpenLDAP's slapd.
public struct OpenLDAP: Dialect {
  public init() {}

  public var kind: DirectoryKind { .openldap }

  /// A lock that never expires (slapo-ppolicy(5), `pwdAccountLockedTime`); it needs the ppolicy overlay.
  public var disabling: Disabling {
    .values([Attribute("pwdAccountLockedTime", ["000001010000Z"])])
  }

  public var firstPassword: FirstPassword { .added(attribute: "userPassword") }
  public var identityAttribute: String { "entryUUID" }
  public var operationalAttributes: [String] { ["pwdAccountLockedTime"] }

  /// Returned by the `unique` overlay.
  public var collisionCodes: Set<ResultCode> { [.constraintViolation] }

  /// `non-unique attributes found with (|(mail=ann@example.com))`; before 2.5 with other words and without names.
  public func uniqueness(in diagnostic: String) -> [String]? {
    guard diagnostic.contains("unique") else { return nil }
    return diagnostic.split(separator: "(").compactMap { part in
      let name = part.prefix { $0 != "=" }
      let isName = name.utf8.allSatisfy { $0.isNameOctet }
      return isName && !name.isEmpty && name.count < part.count ? String(name) : nil
    }
  }

  /// slapd closes a bound connection with more than 1000 pending operations (`conn_max_pending_auth`).
  public var window: Int { 64 }

  /// `sockbuf_max_incoming_auth` of slapd.conf(5).
  public var messageLimit: Int { 4_194_303 * 4 }

  /// `sizelimit` of slapd.conf(5).
  public var searchLimit: Int? { 500 }

  public func liftingLimits(of dn: String) -> String {
    "slapd: add to the database's entry in cn=config olcLimits: dn.exact=\"\(dn)\" size=unlimited"
  }

  public func indexing(_ attribute: String) -> String {
    "slapd has none for \(attribute) as Debian ships it; where it is missing, add to the database's entry in cn=config "
      + "olcDbIndex: \(attribute) eq (ldapmodify -Y EXTERNAL -H ldapi:///), with slapd.conf: index \(attribute) eq "
      + "and slapindex"
  }

  public func containerClasses(naming type: String) -> [String]? {
    switch type.lowercased() {
    case "ou": ["organizationalUnit"]
    case "o": ["organization"]
    case "l", "st": ["locality"]
    case "c": ["country"]
    case "dc": ["domain"]
    default: nil
    }
  }
}

extension UInt8 {
  /// Whether the octet may be part of an attribute description.
  fileprivate var isNameOctet: Bool {
    switch self {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: ";"):
      true
    default: false
    }
  }
}
