package import LDAPModel

/// Which parts of ``SlapdSetup`` a slapd lacks, by the entries of its configuration.
package struct SlapdNeeds: Sendable {
  package private(set) var missing: [SlapdSetup.Part] = []
  package private(set) var setup: SlapdSetup
  /// Whom no rule binds: who can make the base and the account.
  package private(set) var administrator: String?
  /// What cannot be made here, in words.
  package private(set) var notes: [String] = []

  /// - Parameters:
  ///   - configuration: the entries below and with `cn=config`.
  ///   - isThere: the base, the account, `ou=policies` and the default policy, as far as they exist.
  /// - Returns: nil where no database of the configuration holds the base.
  package init?(_ setup: SlapdSetup, _ configuration: [Entry], isThere: (DistinguishedName) -> Bool, _ schema: Schema) {
    func texts(_ entry: Entry, _ attribute: String) -> [String] { entry[attribute].compactMap(\.text) }
    let database = configuration.first { entry in
      texts(entry, "olcSuffix").contains {
        DistinguishedName(unchecked: $0).isEquivalent(to: setup.suffix, schema)
      }
    }
    guard let database else { return nil }
    self.setup = setup
    self.setup.database = database.dn.text
    administrator = texts(database, "olcRootDN").first
    let modules = configuration.filter { !$0["olcModuleLoad"].isEmpty }
    if let first = modules.first { self.setup.module = first.dn.text }
    if !isThere(setup.base) {
      if setup.canMakeBase {
        missing.append(.base)
      } else {
        notes.append("\(setup.base.text) does not exist, and only an ou can be made here: make the entry")
      }
    }
    if !isThere(setup.account) {
      if setup.canMakeAccount {
        missing.append(.account)
      } else {
        notes.append("\(setup.account.text) does not exist, and only a cn can be made here: make the account")
      }
    }
    // Of a rule of others nobody can say here whether it is enough: `check` asks the server itself.
    let names = [setup.account.text.lowercased(), setup.base.text.lowercased()]
    let rules = texts(database, "olcAccess").map { $0.lowercased() }
    if !rules.contains(where: { rule in names.allSatisfy { rule.contains($0) } }) { missing.append(.access) }
    if !texts(database, "olcDbIndex").contains(where: { SlapdIndex.covers($0, setup.link) }) { missing.append(.index) }
    let limit = SlapdSizeLimit.find(in: configuration, base: setup.base.text, account: setup.account.text)
    if limit != .unlimited { missing.append(.limits) }
    let hasOverlay = configuration.contains { entry in
      texts(entry, "olcOverlay").contains { $0.lowercased().hasSuffix("ppolicy") }
        && entry.dn.isBelow(database.dn, schema)
    }
    if hasOverlay { return }
    let isLoaded = modules.flatMap { texts($0, "olcModuleLoad") }.contains { $0.lowercased().contains("ppolicy") }
    if !modules.isEmpty, !isLoaded { missing.append(.module) }
    missing.append(.overlay)
    if let container = setup.defaultPolicy.parent, !isThere(container) { missing.append(.policies) }
    if !isThere(setup.defaultPolicy) { missing.append(.policy) }
  }
}

/// A value of `olcDbIndex`.
enum SlapdIndex {
  /// `cn,uid eq`, `{3}employeeNumber pres,eq`; without kinds the default is meant, which is not seen here.
  static func covers(_ index: String, _ attribute: String) -> Bool {
    let words = index.drop { $0 == "{" || $0.isNumber || $0 == "}" }.split(separator: " ")
    guard words.count == 2 else { return false }
    return words[0].split(separator: ",").contains { $0.lowercased() == attribute.lowercased() }
      && words[1].split(separator: ",").contains("eq")
  }
}
