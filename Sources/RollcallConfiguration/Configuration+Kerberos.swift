internal import LDAP

/// `mechanism: gssapi`, with its keys `principal` and `keytab`.
extension Configuration.Bind {
  static let kerberosKeys = ["principal", "keytab"]

  /// nil, with the problems recorded, if something is wrong.
  static func kerberos(_ section: ConfigurationSection) -> Configuration.Bind? {
    let principal = section.required("principal")
    let keytab = section.required("keytab")
    if let principal, !hasRealm(principal.value) {
      section.reader.problem(
        principal.mark,
        "\(principal.path): \"\(principal.shown)\" has no realm; write it as \"rollcall@EXAMPLE.COM\"")
      return nil
    }
    guard let principal, let keytab else { return nil }
    if section.reader.needsDirectory, !holds(principal, keytab, section.reader) { return nil }
    return .gssapi(principal: principal.value, keytab: section.reader.resolved(keytab.value))
  }

  static func refuseKerberosKeys(_ section: ConfigurationSection) {
    for key in kerberosKeys where section.has(key) {
      section.reader.problem(section.position(of: key), "directory.bind.\(key): needs mechanism: gssapi")
    }
  }

  /// Whether something is on both sides of an at sign that has no backslash before it.
  private static func hasRealm(_ principal: String) -> Bool {
    principal.wholeMatch(of: /(?:[^@\\]|\\.)+@(?:[^@\\]|\\.)+/) != nil
  }

  /// Whether the file is a keytab with a key of the principal; otherwise the problem is recorded.
  private static func holds(
    _ principal: ConfiguredText, _ name: ConfiguredText, _ reader: ConfigurationReader
  ) -> Bool {
    guard let bytes = reader.contents(of: name) else { return false }
    reader.warnOfExposure(name, "the key")
    guard let keytab = Keytab(bytes) else {
      reader.problem(name.mark, "\(name.path): \"\(name.shown)\" is not a keytab")
      return false
    }
    if keytab.holds(principal.value) { return true }
    let found = keytab.principals.prefix(5).joined(separator: ", ")
    let more = keytab.principals.count > 5 ? " …" : ""
    reader.problem(
      principal.mark,
      "\(principal.path): \"\(principal.shown)\" has no key in \"\(name.shown)\", which "
        + (found.isEmpty ? "has none at all" : "has keys of \(found)\(more)") + "; export its keytab again")
    return false
  }
}
