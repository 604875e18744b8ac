package import LDAP
package import LDAPModel
package import RollcallConfiguration
package import RollcallCore

/// What was learned about a server when the connection was made.
package struct DirectoryFacts: Sendable {
  package var dialect: any Dialect
  package var schema: Schema
  package var rootDSE: RootDSE
  /// Identifies the data that the server holds, to detect that it has been replaced.
  ///
  /// The unique id of the base entry: replicas of one directory share it, a rebuilt directory does not.
  package var identity: String
  /// The identity that the connection is bound as, under all its known names.
  package var accounts: [DistinguishedName] = []
  /// The server's clock as last read; nil if it has no clock that this account may read.
  package var clock: ServerClock?
  /// Whether the connection is protected against eavesdropping.
  package var isEncrypted: Bool

  /// The suffix that holds `base`: the scope in which values have to be unique.
  func suffix(of base: DistinguishedName) -> DistinguishedName { rootDSE.suffix(of: base, schema) }

  /// Why this server cannot take people as the configuration describes them; nil if it can.
  package func refusal(of users: Configuration.Users) -> String? {
    guard users.password != nil, dialect.passwordNeedsEncryption, !isEncrypted else { return nil }
    return
      "users.password: this server accepts passwords only over an encrypted connection; nothing was sent. "
      + "Use ldaps:// in directory.url, directory.starttls: true or mechanism: gssapi"
  }

  /// The permanent id of an entry; empty if the server does not provide one.
  func id(of entry: Entry) -> String {
    entry[dialect.identityAttribute].first.map(DirectoryFacts.identity) ?? ""
  }

  /// The value of an identity that ``identity(_:)`` has as text.
  func identityValue(_ text: String) -> AttributeValue {
    let digits = text.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
    guard dialect.kind == .activeDirectory, digits.count == 32, text.utf8.count == 32 else {
      return AttributeValue(text)
    }
    return AttributeValue(bytes: stride(from: 0, to: 32, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) })
  }

  /// An identity as text: most servers send text, Active Directory sends octets.
  package static func identity(_ value: AttributeValue) -> String {
    let isText = value.bytes.allSatisfy { (0x21...0x7E).contains($0) }
    if isText, let text = value.text { return text }
    return value.bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// The kind of server according to its root DSE (RFC 4512, 5.1), unless the configuration names it.
  package static func kind(of rootDSE: RootDSE) -> DirectoryKind {
    if rootDSE.isActiveDirectory { return .activeDirectory }
    let vendor = [rootDSE.vendorName, rootDSE.vendorVersion].compactMap { $0 }.joined(separator: " ")
    return vendor.contains("389") ? .directory389 : .openldap
  }
}

extension RootDSE {
  /// The suffix of the server that holds `base`.
  package func suffix(of base: DistinguishedName, _ schema: Schema) -> DistinguishedName {
    let holding = namingContexts.map { DistinguishedName(unchecked: $0) }.filter { base.isBelow($0, schema) }
    return holding.max { $0.text.utf8.count < $1.text.utf8.count } ?? base
  }
}
