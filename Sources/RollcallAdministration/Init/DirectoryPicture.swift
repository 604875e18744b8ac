package import LDAPModel
package import RollcallCore

/// What `rollcall init` knows of the directory.
package struct DirectoryPicture: Sendable {
  /// What the people, or the groups, directly below one entry look like.
  package struct Place: Sendable, Equatable {
    package var dn: DistinguishedName
    package var count: Int
    /// How many are named by each attribute, in lower case.
    package var naming: [String: Int]
    /// How many have each object class, in lower case.
    package var classes: [String: Int]
    /// How many have each attribute that can carry a key, in lower case.
    package var linked: [String: Int]

    package init(
      _ dn: DistinguishedName, count: Int = 0, naming: [String: Int] = [:], classes: [String: Int] = [:],
      linked: [String: Int] = [:]
    ) {
      self.dn = dn
      self.count = count
      self.naming = naming
      self.classes = classes
      self.linked = linked
    }
  }

  package var kind: DirectoryKind
  package var schema: Schema
  /// The suffixes that hold people: those of the server's own data are left out.
  package var suffixes: [DistinguishedName]
  /// Units and containers that people or groups can be in.
  package var units: [DistinguishedName]
  package var people: [Place]
  package var groups: [Place]
  /// Whether an account can be disabled the server's own way.
  package var disables: Bool
  /// Whether the server takes Kerberos tickets (SASL's mechanism GSSAPI).
  package var takesTickets: Bool
  /// Attributes with an equality index; nil where that is not seen.
  package var indexed: Set<String>?
  /// Whether all of it was seen, or the server ended a search.
  package var isComplete: Bool

  package init(
    kind: DirectoryKind, schema: Schema, suffixes: [DistinguishedName], units: [DistinguishedName] = [],
    people: [Place] = [], groups: [Place] = [], disables: Bool = true, takesTickets: Bool = false,
    indexed: Set<String>? = nil, isComplete: Bool = true
  ) {
    self.kind = kind
    self.schema = schema
    self.suffixes = suffixes
    self.units = units
    self.people = people
    self.groups = groups
    self.disables = disables
    self.takesTickets = takesTickets
    self.indexed = indexed
    self.isComplete = isComplete
  }
}
