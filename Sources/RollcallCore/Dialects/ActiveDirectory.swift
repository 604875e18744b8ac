public import LDAPModel

/// Active Directory, including Samba.
public struct ActiveDirectory: Dialect {
  public init() {}

  public var kind: DirectoryKind { .activeDirectory }

  /// ADS_UF_ACCOUNTDISABLE ([MS-ADTS] 2.2.16).
  public var disabling: Disabling { .bits(mask: 2) }

  /// ADS_UF_NORMAL_ACCOUNT, plus ADS_UF_PASSWD_NOTREQD and ADS_UF_ACCOUNTDISABLE until the password is set. The
  /// server itself gives the latter to an account that is added without userAccountControl.
  public var firstPassword: FirstPassword {
    .modified(
      attribute: "unicodePwd", control: "userAccountControl", normal: 512, unfinished: 34, passwordless: 514)
  }

  /// A DN stands for the object that it names ([MS-ADTS] 3.1.1.1.6).
  public var followsNames: Bool { true }

  /// [MS-ADTS] 3.1.1.3.1.5.1.
  public var passwordNeedsEncryption: Bool { true }

  /// unicodePwd takes clear text only ([MS-ADTS] 3.1.1.3.1.5.1).
  public var takesHashedPasswords: Bool { false }

  public var identityAttribute: String { "objectGUID" }

  /// AdminSDHolder sets it on members of the protected groups ([MS-ADTS] 3.1.1.6.1) and never clears it.
  public var privilegeMark: Attribute? { Attribute("adminCount", ["1"]) }

  /// For userPrincipalName; a duplicate sAMAccountName is refused with entryAlreadyExists.
  public var collisionCodes: Set<ResultCode> { [.constraintViolation] }

  public var uniqueAttributes: [UniqueAttribute] {
    [UniqueAttribute("sAMAccountName", .replaced), UniqueAttribute("userPrincipalName", .removed)]
  }

  /// Attributes that the server writes itself ([MS-ADTS] 3.1.1.5.2.2, [MS-SAMR] 3.1.1.8) or accepts only in a modify.
  public func isServerOwned(_ attribute: String) -> Bool {
    ActiveDirectory.serverOwned.contains(attribute.lowercased())
  }

  private static let serverOwned: Set<String> = [
    "distinguishedname", "name", "objectsid", "objectguid", "objectcategory", "instancetype", "whencreated",
    "whenchanged",
    "usncreated", "usnchanged", "dscorepropagationdata", "samaccounttype", "primarygroupid", "badpwdcount",
    "badpasswordtime", "lastlogon", "lastlogoff", "lastlogontimestamp", "logoncount", "pwdlastset", "lockouttime",
    "ntsecuritydescriptor", "iscriticalsystemobject", "admincount", "codepage", "countrycode", "useraccountcontrol",
  ]

  public func restoring(_ id: String?) -> [String] {
    guard let id, id.count == 32 else { return [] }
    var parts: [Substring] = []
    var rest = id[...]
    for length in [8, 4, 4, 4, 12] {
      parts.append(rest.prefix(length))
      rest = rest.dropFirst(length)
    }
    return [
      "objectSid is a new one too, so rights that were given to the old one are lost; where the recycle bin is enabled, "
        + "this brings back the entry itself: Restore-ADObject -Identity \(parts.joined(separator: "-"))"
    ]
  }

  /// Attributes that the directory gives every user ([MS-ADTS] 3.1.1.5.2.2, [MS-SAMR] 3.1.1.8). `accountExpires` has
  /// a value for "never" ([MS-ADA1] 2.1), the others have defaults; account name and password time always exist.
  public var lastingAttributes: [String: AttributeValue?] {
    [
      "accountExpires": "9223372036854775807", "codePage": "0", "countryCode": "0", "primaryGroupID": "513",
      "pwdLastSet": nil, "sAMAccountName": nil,
    ]
  }

  /// The time of the last change; it is 0 if the user must change the password at the first logon.
  public var passwordSideEffects: [String] { ["pwdLastSet"] }

  /// Times have one digit of fractional seconds ([MS-ADTS] 3.1.1.2.2.2.6); large integers count intervals of 100 ns
  /// since 1601.
  public func timeForm(of syntax: String) -> TimeForm? {
    switch syntax {
    case "1.3.6.1.4.1.1466.115.121.1.24": .tenths
    case "1.2.840.113556.1.4.906": .fileTime
    default: nil
    }
  }

  public var providedAttributes: [String] {
    [
      "objectClass", "objectCategory", "nTSecurityDescriptor", "instanceType", "objectSid", "sAMAccountName",
      "groupType",
    ]
  }

  /// Content rules (`dITContentRules`) allow further attributes, those of auxiliary classes.
  public var classesAreComplete: Bool { false }

  /// `rdnAttId` of the class user.
  public var obligatoryNaming: String? { "cn" }

  /// The server processes one operation per connection at a time; a few more hide the round trip.
  public var window: Int { 8 }

  /// `MaxReceiveBuffer` ([MS-ADTS] 3.1.1.3.4.6).
  public var messageLimit: Int { 10_485_760 }

  /// `MaxValRange` is 1500.
  public var rangedRetrieval: Bool { true }

  public func liftingLimits(of dn: String) -> String { "raise MaxPageSize and MaxResultSetSize in the query policy" }

  public func indexing(_ attribute: String) -> String {
    "set bit 1 of searchFlags in the schema's entry of \(attribute)"
  }

  public func containerClasses(naming type: String) -> [String]? {
    switch type.lowercased() {
    case "ou": ["organizationalUnit"]
    case "cn": ["container"]
    default: nil
    }
  }

  /// In quotation marks, UTF-16 little-endian ([MS-ADTS] 3.1.1.3.1.5.1).
  public func encode(password: AttributeValue) -> AttributeValue {
    let text = "\"" + String(decoding: password.bytes, as: UTF8.self) + "\""
    return AttributeValue(bytes: text.utf16.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] })
  }
}
