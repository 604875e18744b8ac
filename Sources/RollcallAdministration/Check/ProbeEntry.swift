internal import LDAPModel
internal import RollcallCore

/// An entry that slapd cannot make: its name is longer than a key of its database (511 octets as built, LMDB's
/// `MDB_MAXKEYSIZE`). slapd looks at the rights before it finds that out, and answers 80 to who may add entries there.
///
/// The no-op control would do the same for any entry, but it damages slapd's database: back-mdb gives the attributes of
/// such an add a number, forgets it with the transaction and uses it for the next entry, which nobody can read then
/// (seen with 2.5.13).
struct ProbeEntry {
  private static let nameLength = 2100

  let dn: DistinguishedName
  let attributes: [Attribute]

  /// - Parameters:
  ///   - naming: the attribute of the RDN.
  ///   - nowhere: a name that nothing has, for attributes that are names.
  init(below base: DistinguishedName, naming: String, classes: [String], _ schema: Schema, nowhere: DistinguishedName) {
    let name = AttributeValue("rollcall-probe-" + String(repeating: "x", count: Self.nameLength))
    dn = base.child(RelativeDistinguishedName(naming, name))
    let demanded = schema.must(classes: classes).subtracting([schema.canonicalName(naming), "objectclass"])
    attributes =
      [Attribute("objectClass", classes.map { AttributeValue($0) }), Attribute(naming, [name])]
      + demanded.sorted().map { Attribute($0, [Self.value(of: schema.attributeType($0)?.syntax, nowhere)]) }
  }

  /// What attributes of a syntax take (RFC 4517 section 3.3).
  private static func value(of syntax: String?, _ nowhere: DistinguishedName) -> AttributeValue {
    switch syntax?.split(separator: ".").last {
    case "7": "TRUE"
    case "12", "34": AttributeValue(nowhere.text)
    case "24": "19700101000000Z"
    case "27", "36": "0"
    default: "rollcall-probe"
    }
  }
}
