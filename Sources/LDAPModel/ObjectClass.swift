/// An object class of the schema (RFC 4512 section 2.4), without inherited attributes.
public struct ObjectClass: Hashable, Sendable {
  public enum Kind: Hashable, Sendable {
    case abstract
    case structural
    case auxiliary
  }

  public let oid: String
  /// The names in the order of the definition, in its spelling; may be empty.
  public let names: [String]
  /// The first name in lower case, or else the object identifier.
  public let canonicalName: String
  /// The classes this one is derived from.
  public let sup: [String]
  public let kind: Kind
  /// Attributes that an entry of the class must have.
  public let must: [String]
  /// Attributes that it may have.
  public let may: [String]

  init?(_ definition: SchemaDefinition) {
    oid = definition.oid
    names = definition["NAME"]
    canonicalName = loweringASCII(names.first ?? oid)
    sup = definition["SUP"]
    kind =
      if definition.has("ABSTRACT") { .abstract } else if definition.has("AUXILIARY") { .auxiliary } else {
        .structural
      }
    must = definition["MUST"]
    may = definition["MAY"]
    guard !names.isEmpty || oid.utf8.first?.isASCIIDigit == true else { return nil }
  }
}
