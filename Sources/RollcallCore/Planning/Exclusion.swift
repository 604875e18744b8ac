public import LDAPModel

extension Problem {
  /// The key's entry does not match `users.filter`.
  public static func excluded(_ key: RosterKey, _ dn: DistinguishedName) -> Problem {
    Problem(
      .excluded,
      "person \(key): \(dn) does not match users.filter, so it is not touched: change the filter, or take "
        + "the link off that entry")
  }
}
