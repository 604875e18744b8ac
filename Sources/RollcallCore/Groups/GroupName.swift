public import LDAPModel

/// The name of a group; all spellings of one name are equal.
public struct GroupName: Hashable, Sendable, CustomStringConvertible {
  /// The name in the spelling in which it was first seen.
  public let dn: DistinguishedName
  /// The name in canonical text.
  public let id: String

  init(_ dn: DistinguishedName, _ schema: Schema) {
    self.dn = dn
    id = dn.normalized(schema)
  }

  /// The value of the naming attribute in the RDN; nil if it is no text, or the RDN has another attribute.
  public func text(of naming: String) -> String? {
    dn.first?.parts.first { $0.type.lowercased() == naming.lowercased() }?.value.text
  }

  public static func == (one: Self, other: Self) -> Bool { one.id == other.id }
  public func hash(into hasher: inout Hasher) { hasher.combine(id) }
  public var description: String { dn.description }
}
