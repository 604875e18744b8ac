package import LDAPModel

/// What a slapd needs whose configuration is below `cn=config`, as LDIF: what the page Servers shows, for any base.
package struct SlapdSetup: Sendable {
  package enum Part: CaseIterable, Sendable {
    case base, account
    case access, index, limits
    case module, overlay, policies, policy

    /// Whether it belongs to slapd's configuration, and not to the directory.
    var isConfiguration: Bool {
      switch self {
      case .base, .account, .policies, .policy: false
      case .access, .index, .limits, .module, .overlay: true
      }
    }
  }

  package var base: DistinguishedName
  package var account: DistinguishedName
  package var suffix: DistinguishedName
  package var link: String
  /// The entry of the database that holds the base.
  package var database = "olcDatabase={1}mdb,cn=config"
  /// The entry that loads modules.
  package var module = "cn=module{0},cn=config"

  package init(base: DistinguishedName, account: DistinguishedName, suffix: DistinguishedName, link: String) {
    self.base = base
    self.account = account
    self.suffix = suffix
    self.link = link
  }

  /// Stands where the account's password belongs.
  package static let placeholder = "change-me"

  /// The parts as records of LDIF; those of the database's entry are one.
  package func ldif(_ parts: [Part]) -> String {
    var records: [String] = []
    var additions: [[String]] = []
    for part in Part.allCases where parts.contains(part) {
      switch part {
      case .base: records.append(unit(base))
      case .account: records.append(accountEntry)
      case .access: additions.append(["add: olcAccess"] + access)
      case .index: additions.append(["add: olcDbIndex", "olcDbIndex: \(link) eq"])
      case .limits:
        additions.append(
          ["add: olcLimits"] + value("olcLimits", "dn.exact=\(quoted(account)) size=unlimited time=unlimited"))
      case .module:
        records.append(
          lines([name(module), "changetype: modify", "add: olcModuleLoad", "olcModuleLoad: ppolicy", "-"]))
      case .overlay: records.append(overlay)
      case .policies: records.append(unit(container, change: true))
      case .policy: records.append(policy)
      }
    }
    if !additions.isEmpty {
      let change = [name(database), "changetype: modify"] + additions.flatMap { $0 + ["-"] }
      let position = (parts.contains(.base) ? 1 : 0) + (parts.contains(.account) ? 1 : 0)
      records.insert(lines(change), at: position)
    }
    return records.joined(separator: "\n")
  }

  /// Whether entries like these can be made: a unit, and an account that is named by cn.
  var canMakeBase: Bool { base.first.map { $0.parts.count == 1 && $0.parts[0].type.lowercased() == "ou" } ?? false }
  var canMakeAccount: Bool {
    account.first.map { $0.parts.count == 1 && $0.parts[0].type.lowercased() == "cn" } ?? false
  }

  // MARK: Records

  private var container: DistinguishedName { suffix.child(RelativeDistinguishedName("ou", "policies")) }
  var defaultPolicy: DistinguishedName { container.child(RelativeDistinguishedName("cn", "default")) }

  private func unit(_ dn: DistinguishedName, change: Bool = false) -> String {
    lines(
      [name(dn.text)] + (change ? ["changetype: add"] : []) + ["objectClass: organizationalUnit"]
        + plain("ou", leaf(dn)))
  }

  private var accountEntry: String {
    lines(
      [name(account.text), "objectClass: applicationProcess", "objectClass: simpleSecurityObject"]
        + plain("cn", leaf(account)) + ["userPassword: \(Self.placeholder)"])
  }

  /// The numbers put the rules before those that are there.
  private var access: [String] {
    let people = "to dn.children=\(quoted(base))"
    let write = "by dn.exact=\(quoted(account)) write"
    return value("olcAccess", "{0}\(people) attrs=userPassword", "\(write) by self =xw by * auth")
      + value("olcAccess", "{1}\(people)", "\(write) by * read")
      + value("olcAccess", "{2}to dn.base=\(quoted(base)) attrs=children", "\(write) by * read")
  }

  private var overlay: String {
    lines(
      [name("olcOverlay=ppolicy,\(database)"), "changetype: add", "objectClass: olcOverlayConfig"]
        + ["objectClass: olcPPolicyConfig", "olcOverlay: ppolicy"] + plain("olcPPolicyDefault", defaultPolicy.text))
  }

  private var policy: String {
    lines([
      name(defaultPolicy.text), "changetype: add", "objectClass: applicationProcess", "objectClass: pwdPolicy",
      "cn: default", "pwdAttribute: userPassword", "pwdLockout: TRUE",
    ])
  }

  // MARK: Lines

  private func lines(_ lines: [String]) -> String { lines.joined(separator: "\n") + "\n" }

  private func leaf(_ dn: DistinguishedName) -> String { dn.first?.parts.first?.value.text ?? "" }

  private func name(_ dn: String) -> String { plain("dn", dn).joined() }

  /// A value on one line.
  private func plain(_ attribute: String, _ text: String) -> [String] { value(attribute, text) }

  /// A value; its further words go on lines of their own where LDIF lets them stand as they are.
  private func value(_ attribute: String, _ text: String, _ more: String...) -> [String] {
    let whole = ([text] + more).joined(separator: " ")
    guard Self.isSafe(whole) else {
      return ["\(attribute):: \(String(decoding: Base64.encode(Array(whole.utf8)), as: UTF8.self))"]
    }
    // A line that begins with a blank continues the one before, without that blank.
    return ["\(attribute): \(text)"] + more.map { "  " + $0 }
  }

  /// SAFE-STRING of RFC 2849.
  private static func isSafe(_ text: String) -> Bool {
    guard let first = text.utf8.first, text.utf8.last != 0x20 else { return false }
    return !" :<".utf8.contains(first) && text.utf8.allSatisfy { (0x20..<0x7F).contains($0) }
  }

  /// A name within quotation marks of slapd.access(5), where a backslash stands for the character after it.
  private func quoted(_ dn: DistinguishedName) -> String {
    var text = "\""
    for scalar in dn.text.unicodeScalars {
      if scalar == "\"" || scalar == "\\" { text += "\\" }
      text.unicodeScalars.append(scalar)
    }
    return text + "\""
  }
}
