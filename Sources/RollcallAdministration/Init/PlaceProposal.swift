internal import LDAPModel
internal import RollcallCore

/// Where in the directory people are, and what their entries are like.
struct PlaceProposal {
  let picture: DirectoryPicture
  let wishes: InitWishes

  private var dialect: any Dialect { picture.kind.dialect }

  /// The suffix that the people are below; nil where the server has none that is for people.
  var suffix: DistinguishedName? {
    if let base = wishes.base.map({ DistinguishedName(unchecked: $0) }) {
      return picture.suffixes.first { base.isEquivalent(to: $0, picture.schema) || base.isBelow($0, picture.schema) }
        ?? picture.suffixes.first
    }
    return populated.flatMap { place in picture.suffixes.first { place.dn.isBelow($0, picture.schema) } }
      ?? picture.suffixes.first
  }

  // MARK: Base

  private static let unitNames = [
    "users", "people", "persons", "accounts", "staff", "employees", "members", "mitarbeiter", "benutzer", "personen",
  ]

  private static let groupNames = ["groups", "group", "roles", "teams", "gruppen"]

  /// Where most people are.
  private var populated: DirectoryPicture.Place? {
    picture.people.filter { place in picture.suffixes.contains { place.dn.isBelow($0, picture.schema) } }
      .max { ($0.count, $1.dn.text) < ($1.count, $0.dn.text) }
  }

  /// The base, whether it exists, and why it is this one; nil where the server has no suffix for people.
  var base: (dn: DistinguishedName, exists: Bool, note: String)? {
    if let text = wishes.base {
      let dn = DistinguishedName(unchecked: text)
      return (dn, isThere(dn), "As --base says.")
    }
    guard let suffix else { return nil }
    if let populated {
      return (
        populated.dn, true,
        "A guess: the \(counted(populated.count, "person", "people")) of the directory \(isMost) directly below it."
      )
    }
    if let unit = unit(of: Self.unitNames, below: suffix) {
      return (unit, true, "A guess, by its name. Nobody is in it yet.")
    }
    let users = suffix.child(RelativeDistinguishedName("ou", "users"))
    return (users, false, "A guess: the directory has no unit for people, and this one has to be made.")
  }

  private var isMost: String { picture.people.count > 1 ? "are mostly" : "are" }

  private func unit(of names: [String], below suffix: DistinguishedName) -> DistinguishedName? {
    for name in names {
      let found = picture.units.filter { unit in
        unit.isBelow(suffix, picture.schema) && unit.first?.parts.first?.value.text?.lowercased() == name
      }
      if let unit = found.min(by: { ($0.text.utf8.count, $0.text) < ($1.text.utf8.count, $1.text) }) { return unit }
    }
    return nil
  }

  private func isThere(_ dn: DistinguishedName) -> Bool {
    (picture.units + picture.suffixes + picture.people.map(\.dn)).contains { $0.isEquivalent(to: dn, picture.schema) }
  }

  /// What is below the base now.
  private var there: DirectoryPicture.Place? {
    base.flatMap { base in picture.people.first { $0.dn.isEquivalent(to: base.dn, picture.schema) } }
  }

  // MARK: Entries

  /// The attribute of the RDN, and why.
  var naming: (attribute: String, note: String?) {
    if let naming = wishes.naming { return (naming, nil) }
    if let only = dialect.obligatoryNaming { return (only, "Active Directory names people by nothing else.") }
    if let there, let most = there.naming.max(by: { ($0.value, $1.key) < ($1.value, $0.key) }),
      most.key != "uid", most.value * 2 > there.count
    {
      let name = picture.schema.attributeType(most.key)?.names.first ?? most.key
      return (name, "As \(most.value) of the \(there.count) people there are named.")
    }
    return ("uid", nil)
  }

  /// Attributes that can carry the key.
  static let links = ["employeeNumber", "employeeID"]

  /// The attribute that carries the key, and what is to be said of it.
  var link: (attribute: String, notes: [String]) {
    var notes = ["It carries the row's key. It needs an equality index, and nobody else may write it."]
    var link = wishes.link ?? Self.links[0]
    if wishes.link == nil, picture.kind == .activeDirectory, let indexed = picture.indexed,
      let found = Self.links.first(where: { indexed.contains($0.lowercased()) })
    {
      link = found
    }
    if let indexed = picture.indexed, !indexed.contains(link.lowercased()) {
      notes.append("It has no equality index yet: \(dialect.indexing(link))")
    }
    if let count = there?.linked[link.lowercased()], count > 0 {
      notes.append(
        "\(counted(count, "entry has it", "entries have it")) already. One whose value is a key is that person's entry; "
          + "its first change waits until somebody approves it (rollcall release).")
    }
    return (link, notes)
  }

  /// The object classes, and what is to be said of them.
  /// - Parameter isPosix: whether the table has what a Unix account needs.
  func classes(isPosix: Bool) -> (names: [String], notes: [String]) {
    if picture.kind == .activeDirectory { return (["user"], []) }
    var names = ["inetOrgPerson"]
    var notes: [String] = []
    if isPosix, picture.schema.objectClass("posixAccount") != nil {
      names.append("posixAccount")
      notes.append("posixAccount, because the table has uidNumber, gidNumber and homeDirectory.")
    }
    guard let there else { return (names, notes) }
    let known = Set(picture.schema.withSuperclasses(names).flatMap(\.names).map { $0.lowercased() })
    let others = there.classes.filter { $0.value * 2 > there.count && !known.contains($0.key) }.keys.sorted()
    if !others.isEmpty {
      notes.append("People there also have \(others.joined(separator: ", ")), which nothing in the table fills.")
    }
    return (names, notes)
  }

  /// How many entries at the base have no link, for which `adopt` decides.
  var unlinked: Int { there.map { max(0, $0.count - ($0.linked[link.attribute.lowercased()] ?? 0)) } ?? 0 }

  // MARK: Groups

  /// Where groups are; nil where there is no place for them.
  var groupsBase: (dn: DistinguishedName, note: String)? {
    if let text = wishes.groupsBase { return (DistinguishedName(unchecked: text), "As --groups-base says.") }
    guard let suffix else { return nil }
    let places = picture.groups.filter { $0.dn.isBelow(suffix, picture.schema) && !isBuiltin($0.dn) }
    if let most = places.max(by: { ($0.count, $1.dn.text) < ($1.count, $0.dn.text) }) {
      return (most.dn, "A guess: \(counted(most.count, "group is", "groups are")) directly below it.")
    }
    return unit(of: Self.groupNames, below: suffix).map { ($0, "A guess, by its name.") }
  }

  /// Active Directory's own groups are nobody's to manage.
  private func isBuiltin(_ dn: DistinguishedName) -> Bool {
    picture.kind == .activeDirectory && dn.first?.text.lowercased().hasPrefix("cn=") == true
  }

  /// The class of a group and the attribute of its members.
  var groupClass: (name: String, member: String) {
    if picture.kind == .activeDirectory { return ("group", "member") }
    let there = groupsBase.flatMap { base in picture.groups.first { $0.dn.isEquivalent(to: base.dn, picture.schema) } }
    let counts = there?.classes ?? [:]
    return counts["groupofuniquenames"] ?? 0 > counts["groupofnames"] ?? 0
      ? ("groupOfUniqueNames", "uniqueMember") : ("groupOfNames", "member")
  }

  // MARK: Account

  /// Whom Rollcall binds as.
  var account: String {
    wishes.bindDN ?? suffix.map { $0.child(RelativeDistinguishedName("cn", "rollcall")).text } ?? "cn=rollcall"
  }

  /// `example.com` of `dc=example,dc=com`.
  var domain: String? {
    let parts = (try? suffix?.relativeNames()) ?? []
    let names = parts.compactMap { $0.parts.first }.filter { $0.type.lowercased() == "dc" }.compactMap(\.value.text)
    return names.isEmpty ? nil : names.joined(separator: ".")
  }
}
