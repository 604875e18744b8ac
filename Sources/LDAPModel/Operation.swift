/// One change of one attribute within a modify operation (RFC 4511 section 4.6).
public struct Modification: Hashable, Sendable {
  public enum Kind: Hashable, Sendable {
    /// Adds values; fails with attributeOrValueExists if one exists.
    case add
    /// Removes values, or the whole attribute if none are listed; fails with noSuchAttribute if one is missing.
    case delete
    /// Sets the values; an empty list removes the attribute, whether it exists or not.
    case replace
  }

  public var kind: Kind
  /// The attribute description.
  public var attribute: String
  public var values: [AttributeValue]

  public init(_ kind: Kind, _ attribute: String, _ values: [AttributeValue] = []) {
    self.kind = kind
    self.attribute = attribute
    self.values = values
  }
}

extension Modification: CustomStringConvertible {
  /// The kind and the attribute; no value, since it might be a secret.
  public var description: String { "\(kind) \(attribute) (\(values.count))" }
}

/// A write to the directory.
public enum Operation: Hashable, Sendable {
  /// RFC 4511 section 4.7.
  case add(DistinguishedName, [Attribute])
  /// RFC 4511 section 4.6: all of it or nothing.
  case modify(DistinguishedName, [Modification])
  /// ModifyDN, RFC 4511 section 4.9. `deleteOld` deletes the values of the old relative name from the entry; without
  /// `newParent` the entry keeps its parent.
  case rename(
    DistinguishedName, to: RelativeDistinguishedName, deleteOld: Bool, newParent: DistinguishedName?)
  /// RFC 4511 section 4.8.
  case delete(DistinguishedName)

  /// The entry that the operation is applied to.
  public var dn: DistinguishedName {
    switch self {
    case .add(let dn, _), .modify(let dn, _), .rename(let dn, _, _, _), .delete(let dn): dn
    }
  }
}

extension Operation: CustomStringConvertible {
  /// The operation and its entry, for logs and errors; no value, since it might be a secret.
  public var description: String {
    switch self {
    case .add(let dn, _): "add \(dn)"
    case .modify(let dn, _): "modify \(dn)"
    case .rename(let dn, let name, _, nil): "rename \(dn) to \(name)"
    case .rename(let dn, let name, _, let newParent?): "rename \(dn) to \(newParent.child(name))"
    case .delete(let dn): "delete \(dn)"
    }
  }
}
