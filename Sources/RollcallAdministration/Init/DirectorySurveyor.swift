internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallCore
internal import RollcallEngine

/// Looks at a directory: which server it is, where people and groups are, and what they look like there. It reads object
/// classes and which entries have a link; names of people are counted by their attribute and not kept.
@Reactor
struct DirectorySurveyor {
  /// More entries than these say nothing new.
  private static let enough = 2000
  private static let pageSize = 200

  let session: LDAPSession
  private struct Enough: Error {}

  func survey() async throws(LDAPError) -> DirectoryPicture {
    let root = try await session.rootDSE()
    let kind = DirectoryFacts.kind(of: root)
    let schema = try await session.schema()
    var picture = DirectoryPicture(kind: kind, schema: schema, suffixes: Self.suffixes(root, kind))
    picture.disables = Self.disables(root, schema, kind)
    picture.takesTickets = root.saslMechanisms.contains("GSSAPI")
    for suffix in picture.suffixes {
      let units = await entries(
        below: suffix,
        kind == .activeDirectory
          ? .or([.equal("objectClass", "organizationalUnit"), .equal("objectClass", "container")])
          : .equal("objectClass", "organizationalUnit"), ["1.1"], &picture)
      picture.units += units.map(\.dn)
      let people = await entries(below: suffix, Self.people(kind), ["objectClass"] + PlaceProposal.links, &picture)
      picture.people += Self.places(people, schema)
      let groups = await entries(below: suffix, Self.groups(kind), ["objectClass"], &picture)
      picture.groups += Self.places(groups, schema)
    }
    picture.indexed = await indexed(root, kind)
    return picture
  }

  /// The suffixes that are for data of people.
  private static func suffixes(_ root: RootDSE, _ kind: DirectoryKind) -> [DistinguishedName] {
    var names = root.namingContexts
    if kind == .activeDirectory {
      names = root.entry["defaultNamingContext"].compactMap(\.text)
    }
    let own = ["cn=config", "cn=schema", "cn=changelog", "cn=monitor", "cn=accesslog", "o=netscaperoot", "cn=log"]
    return names.filter { name in
      let lower = name.lowercased()
      return !lower.isEmpty && !own.contains { lower == $0 || lower.hasPrefix($0 + ",") }
    }.map { DistinguishedName(unchecked: $0) }
  }

  private static func disables(_ root: RootDSE, _ schema: Schema, _ kind: DirectoryKind) -> Bool {
    guard kind == .openldap, case .values(let values) = kind.dialect.disabling else { return true }
    return values.allSatisfy { schema.attributeType($0.name) != nil }
      && root.supportedControls.contains("1.3.6.1.4.1.42.2.27.8.5.1")
  }

  private static func people(_ kind: DirectoryKind) -> Filter {
    if kind == .activeDirectory {
      return .and([.equal("objectCategory", "person"), .equal("objectClass", "user")])
    }
    return .or([.equal("objectClass", "person"), .equal("objectClass", "posixAccount")])
  }

  private static func groups(_ kind: DirectoryKind) -> Filter {
    if kind == .activeDirectory { return .equal("objectClass", "group") }
    return .or([.equal("objectClass", "groupOfNames"), .equal("objectClass", "groupOfUniqueNames")])
  }

  /// Entries below a suffix, as many as are needed; what the account may not see is not there.
  private func entries(
    below suffix: DistinguishedName, _ filter: Filter, _ attributes: [String], _ picture: inout DirectoryPicture
  ) async -> [Entry] {
    var found: [Entry] = []
    do {
      try await session.search(
        base: suffix, scope: .subtree, filter: filter, attributes: attributes, pageSize: Self.pageSize
      ) { page in
        found += page
        if found.count >= Self.enough { throw Enough() }
      }
    } catch {
      picture.isComplete = false
    }
    return found
  }

  /// The entries by what is directly above them.
  private static func places(_ entries: [Entry], _ schema: Schema) -> [DirectoryPicture.Place] {
    var places: [String: DirectoryPicture.Place] = [:]
    for entry in entries {
      guard let parent = entry.dn.parent, !parent.isEmpty else { continue }
      var place = places[parent.normalized(schema)] ?? DirectoryPicture.Place(parent)
      place.count += 1
      if let naming = entry.dn.first?.parts.first?.type.lowercased() { place.naming[naming, default: 0] += 1 }
      for name in Set(entry["objectClass"].compactMap { $0.text?.lowercased() }) {
        place.classes[name, default: 0] += 1
      }
      for link in PlaceProposal.links where !entry[link].isEmpty { place.linked[link.lowercased(), default: 0] += 1 }
      places[parent.normalized(schema)] = place
    }
    return places.sorted { $0.key < $1.key }.map(\.value)
  }

  /// fATTINDEX ([MS-ADTS] 2.2.10), which everybody may read; of other servers nothing is asked here.
  private func indexed(_ root: RootDSE, _ kind: DirectoryKind) async -> Set<String>? {
    guard kind == .activeDirectory, let schema = root.entry["schemaNamingContext"].first?.text else { return nil }
    let found = try? await session.search(
      base: DistinguishedName(unchecked: schema), scope: .oneLevel,
      filter: .or(PlaceProposal.links.map { .equal("lDAPDisplayName", AttributeValue($0)) }),
      attributes: ["lDAPDisplayName", "searchFlags"])
    guard let found else { return nil }
    return Set(
      found.filter { ($0["searchFlags"].first?.text.flatMap { Int($0) } ?? 0) & 1 == 1 }
        .compactMap { $0["lDAPDisplayName"].first?.text?.lowercased() })
  }
}
