public import LDAP
public import LDAPModel
public import RollcallCore

/// What was learnt of a server when the connection was made.
public struct DirectoryFacts: Sendable {
  public var dialect: any Dialect
  public var schema: Schema
  public var rootDSE: RootDSE
  /// Which data the server holds, to notice that it is another one than last time.
  ///
  /// The unique id of the base entry: replicas of one directory share it, a rebuilt directory does not.
  public var identity: String

  /// The kind of server by its root DSE (RFC 4512, 5.1), unless the configuration names it.
  static func kind(of rootDSE: RootDSE) -> DirectoryKind {
    if rootDSE.isActiveDirectory { return .activeDirectory }
    let vendor = [rootDSE.vendorName, rootDSE.vendorVersion].compactMap { $0 }.joined(separator: " ")
    return vendor.contains("389") ? .directory389 : .openldap
  }
}
