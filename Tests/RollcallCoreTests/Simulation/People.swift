import LDAPModel
import RollcallCore

/// Rules, rows and entries of a small directory of people.
enum People {
  static let base: DistinguishedName = "ou=users,dc=example,dc=com"

  /// `uid` names, `employeeNumber` links, `uid`, `cn`, `sn` and `mail` are mapped.
  static let rules = UserRules(
    base: base, naming: "uid", link: "employeeNumber", classes: ["inetOrgPerson"],
    attributes: ["uid", "cn", "sn", "mail"])

  static func dn(_ uid: String) -> DistinguishedName {
    base.child(RelativeDistinguishedName("uid", AttributeValue(uid)))
  }

  /// A row for `rules`.
  static func row(
    _ key: RosterKey, _ uid: String, cn: String = "Ann Example", sn: String = "Example", mail: [String] = [],
    active: Bool = true
  ) -> RosterRow {
    RosterRow(
      key: key, active: active,
      values: [
        [AttributeValue(uid)], [AttributeValue(cn)], [AttributeValue(sn)], mail.map { AttributeValue($0) },
      ])
  }

  /// The entry that `row` makes, with what a server or a person may have added.
  static func entry(_ row: RosterRow, _ rules: UserRules = rules, adding: [Attribute] = []) -> Entry {
    var entry =
      switch Projection(rules: rules, schema: schema, dialect: OpenLDAP()).desired(for: row) {
      case .present(let wanted), .disabled(let wanted): wanted.entry
      default: Entry("")
      }
    for attribute in adding { entry[attribute.name] = attribute.values }
    return entry
  }

  static func planner(_ rules: UserRules = rules, _ dialect: any Dialect = OpenLDAP()) -> Planner {
    Planner(rules: rules, schema: schema, dialect: dialect) { TemporaryName(random: UInt64($0.text) ?? 0) }
  }

  /// A subject whose desired state is that of `row`; nil: the key has no row.
  static func subject(
    _ key: RosterKey, _ row: RosterRow?, _ current: Entry? = nil, rules: UserRules = rules,
    disabledByUs: Bool = false, removalHeld: Bool = false
  ) -> Subject {
    let projection = Projection(rules: rules, schema: schema, dialect: OpenLDAP())
    return Subject(
      key: key, desired: projection.desired(for: row), current: current, disabledByUs: disabledByUs,
      removalHeld: removalHeld)
  }

  /// What the tests' directories know; enough of inetOrgPerson and of the three servers' own attributes.
  static let schema = Schema(
    attributeTypes: [
      "( 2.5.4.0 NAME 'objectClass' EQUALITY objectIdentifierMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.38 )",
      "( 2.5.4.41 NAME 'name' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )",
      "( 2.5.4.3 NAME ( 'cn' 'commonName' ) SUP name )", "( 2.5.4.4 NAME ( 'sn' 'surname' ) SUP name )",
      "( 2.5.4.11 NAME ( 'ou' 'organizationalUnitName' ) SUP name )",
      "( 2.5.4.13 NAME 'description' SUP name )",
      "( 0.9.2342.19200300.100.1.25 NAME 'dc' SUP name SINGLE-VALUE )",
      "( 0.9.2342.19200300.100.1.1 NAME ( 'uid' 'userid' ) SUP name )",
      "( 0.9.2342.19200300.100.1.3 NAME 'mail' EQUALITY caseIgnoreIA5Match SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 )",
      "( 2.16.840.1.113730.3.1.3 NAME 'employeeNumber' SUP name SINGLE-VALUE )",
      "( 2.16.840.1.113730.3.1.241 NAME 'displayName' SUP name SINGLE-VALUE )",
      "( 2.5.4.20 NAME 'telephoneNumber' EQUALITY telephoneNumberMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.50 )",
      "( 0.9.2342.19200300.100.1.60 NAME 'jpegPhoto' SYNTAX 1.3.6.1.4.1.1466.115.121.1.28 )",
      "( 0.9.2342.19200300.100.1.10 NAME 'manager' EQUALITY distinguishedNameMatch SYNTAX "
        + "1.3.6.1.4.1.1466.115.121.1.12 )",
      "( 1.3.6.1.1.1.1.4 NAME 'loginShell' EQUALITY caseExactIA5Match SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 "
        + "SINGLE-VALUE )",
      "( 2.5.4.35 NAME 'userPassword' EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 )",
      "( 1.3.6.1.4.1.42.2.27.8.1.17 NAME 'pwdAccountLockedTime' EQUALITY generalizedTimeMatch SYNTAX "
        + "1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE USAGE directoryOperation )",
      "( 2.16.840.1.113730.3.1.610 NAME 'nsAccountLock' EQUALITY caseIgnoreMatch SYNTAX "
        + "1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE USAGE directoryOperation )",
      "( 2.5.18.1 NAME 'createTimestamp' EQUALITY generalizedTimeMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.24 "
        + "SINGLE-VALUE NO-USER-MODIFICATION USAGE directoryOperation )",
      "( 1.2.840.113556.1.4.8 NAME 'userAccountControl' EQUALITY integerMatch SYNTAX "
        + "1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )",
      "( 1.2.840.113556.1.4.221 NAME 'sAMAccountName' SUP name SINGLE-VALUE )",
      "( 1.2.840.113556.1.4.656 NAME 'userPrincipalName' SUP name SINGLE-VALUE )",
      "( 1.2.840.113556.1.4.90 NAME 'unicodePwd' EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 "
        + "SINGLE-VALUE )",
    ],
    objectClasses: [
      "( 2.5.6.0 NAME 'top' ABSTRACT MUST objectClass )",
      "( 2.5.6.6 NAME 'person' SUP top STRUCTURAL MUST ( sn $ cn ) MAY ( userPassword $ telephoneNumber $ description"
        + " ) )",
      "( 2.16.840.1.113730.3.2.2 NAME 'inetOrgPerson' SUP person STRUCTURAL MAY ( uid $ mail $ employeeNumber $ "
        + "displayName $ jpegPhoto $ manager $ loginShell ) )",
      "( 1.2.840.113556.1.5.9 NAME 'user' SUP person STRUCTURAL MUST sAMAccountName MAY ( userAccountControl $ "
        + "userPrincipalName $ unicodePwd $ employeeNumber $ uid $ mail ) )",
      "( 1.3.6.1.1.1.2.0 NAME 'posixAccount' SUP top AUXILIARY MUST ( cn $ uid $ loginShell ) )",
    ])
}
