/// An attribute type of the schema (RFC 4512 section 2.5), including what it inherits through SUP.
public struct AttributeType: Hashable, Sendable {
  /// The numeric object identifier; servers also allow words (`nsRole-oid`).
  public let oid: String
  /// The names in the order of the definition, in its spelling; may be empty.
  public let names: [String]
  /// The name that represents the type in comparisons: the first name in lower case, or else the object identifier.
  public let canonicalName: String
  /// The type this one is derived from, as the definition names it.
  public let sup: String?
  /// The rule of EQUALITY, else that of the supertype.
  public internal(set) var equality: MatchingRule
  /// The syntax's object identifier without a length bound, else that of the supertype.
  public internal(set) var syntax: String?
  public let singleValue: Bool
  /// Whether only the server writes it.
  public let noUserModification: Bool
  /// Whether a search returns it only if it is requested by name.
  public let operational: Bool

  init?(_ definition: SchemaDefinition, comparingBySyntax: Bool) {
    oid = definition.oid
    names = definition["NAME"]
    canonicalName = loweringASCII(names.first ?? oid)
    sup = definition["SUP"].first
    syntax = definition["SYNTAX"].first.map { String($0.prefix { $0 != "{" }) }
    equality =
      if comparingBySyntax {
        syntax.map(MatchingRule.init(syntax:)) ?? .none
      } else {
        definition["EQUALITY"].first.map(MatchingRule.init(named:)) ?? .none
      }
    singleValue = definition.has("SINGLE-VALUE")
    noUserModification = definition.has("NO-USER-MODIFICATION")
    operational = definition["USAGE"].first.map { !equalWithoutCase($0, "userApplications") } ?? false
    guard !names.isEmpty || oid.utf8.first?.isASCIIDigit == true else { return nil }
  }
}
