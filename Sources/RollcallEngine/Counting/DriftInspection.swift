internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// Finds out why a comparison finds keys that differ, as far as the entries show it.
///
/// An entry that somebody else has modified last (operational attribute `modifiersName`, RFC 4512 section 3.4.4), or that is
/// gone although it was known: the directory. One that was modified by this account last: its row has changed without a
/// change in the log. Where the server does not say, as Active Directory, nobody knows. A difference whose change is in the
/// log is none of these; whoever counts them finds that out (``Counting/suspects(_:_:origin:)``).
@Reactor
struct DriftInspection {
  private static let modifier = "modifiersName"

  let stateReader: StateReader
  let link: DirectoryLink
  let meetings: MeetingBook
  let counting: Counting

  /// - Parameter entries: among them those that carry the keys.
  func inspect(_ keys: [RosterKey], _ entries: [Entry]) async throws(EngineError) {
    if keys.isEmpty { return }
    let attribute = stateReader.rules.link
    let wanted = Set(keys)
    var names: [(key: RosterKey, dn: DistinguishedName)] = []
    for entry in entries {
      for value in entry[attribute] {
        if let key = value.text.map({ RosterKey($0) }), wanted.contains(key) { names.append((key, entry.dn)) }
      }
    }
    let session = try link.session(.reading)
    let finder = stateReader.finder.asking(for: [Self.modifier])
    let found = try await finder.claimed(names.map { .name($0.dn) }, session)
    let schema = stateReader.facts.schema
    let modifiers = Dictionary(found.map { ($0.dn.normalized(schema), $0[Self.modifier].first?.text) }) { $1 }
    let ours = Set(stateReader.facts.accounts.map { $0.normalized(schema) })
    for (key, dn) in names {
      guard let modifier = modifiers[dn.normalized(schema)] ?? nil,
        let name = try? DistinguishedName(parsing: modifier)
      else {
        counting.differs(key, .unknown)
        continue
      }
      counting.differs(key, ours.contains(name.normalized(schema)) ? .source : .directory)
    }
  }

  /// - Parameter keys: of rows that no entry carries.
  func inspect(missing keys: [RosterKey]) async throws(EngineError) {
    let known = try await meetings.known(keys)
    for key in keys { counting.differs(key, known[key] == nil ? .source : .directory) }
  }
}
