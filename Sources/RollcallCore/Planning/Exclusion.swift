public import LDAPModel

extension Problem {
  /// The key's entry is one that `users.filter` does not match.
  public static func excluded(_ key: RosterKey, _ dn: DistinguishedName) -> Problem {
    Problem(
      .excluded,
      "person \(key): \(dn) is not what users.filter describes, so it is not touched: let the filter match it, or take "
        + "the link off that entry")
  }
}
