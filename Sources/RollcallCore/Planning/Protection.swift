public import LDAPModel

/// Entries that are never touched, whatever the rows say: the account that Rollcall binds with, the bases, the
/// parents of all of them, and the entries that `users.protect` names.
public struct Protection: Sendable, Equatable {
  /// The reasons, by normalized name.
  private var reasons: [String: String] = [:]

  /// Protects nothing.
  public init() {}

  /// - Parameters:
  ///   - accounts: all names of the identity that this process is bound as.
  ///   - bases: the bases below which Rollcall writes.
  ///   - listed: the entries that the configuration names.
  public init(
    accounts: [DistinguishedName], bases: [DistinguishedName], listed: [DistinguishedName] = [], schema: Schema
  ) {
    let groups = [
      (accounts, "is the account that Rollcall binds with"), (listed, "is named in users.protect"),
      (bases, "is the base of people or groups"),
    ]
    for (names, reason) in groups {
      for name in names { note(name, reason, schema) }
    }
    for (names, _) in groups {
      for name in names {
        var parent = name.parent
        while let next = parent, !next.isEmpty {
          note(next, "is a parent of \(name), which is protected", schema)
          parent = next.parent
        }
      }
    }
  }

  private mutating func note(_ name: DistinguishedName, _ reason: String, _ schema: Schema) {
    let id = name.normalized(schema)
    if reasons[id] == nil { reasons[id] = reason }
  }

  /// Why an entry of this name is not touched; nil if it may be.
  /// - Parameter id: its normalized name.
  public func reason(for id: String) -> String? { reasons[id] }
}

extension Problem {
  /// The problem of a key whose plan would touch a protected entry.
  static func protected(_ dn: DistinguishedName, _ why: String) -> Problem {
    Problem(
      .protected,
      "\(dn) \(why): Rollcall never writes to it; give the person another name, or take the link off that entry")
  }

  /// The problem of an entry that Active Directory has marked as an administrator's.
  static func privileged(_ key: RosterKey, _ dn: DistinguishedName, _ mark: String, isKnown: Bool) -> Problem {
    Problem(
      .protected,
      isKnown
        ? "person \(key): \(dn) has \(mark), so it has or had an administrator's rights: Rollcall only disables or "
          + "deletes it, and only when that is released; clear \(mark) by hand once it has no such rights"
        : "person \(key): \(dn) has \(mark), so it has or had an administrator's rights, and Rollcall did not make "
          + "it: it is not taken over; give the person another name, or take the link off that entry")
  }
}
