internal import LDAP
internal import LDAPModel
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// Names that the server treats as equal although they differ here.
///
/// Servers fold case, spaces and accents in different ways (`İ` and `i` are equal for slapd). If an entry is found
/// under its wanted name, a rename would change nothing, and would be planned again at the next look.
extension StateReader {
  /// Changes the wanted name of subjects that already have it, for the server, to the entry's spelling.
  func believe(_ session: LDAPSession, _ subjects: inout [Subject]) async throws(EngineError) {
    let doubtful = subjects.indices.filter { isDoubtful(subjects[$0]) }
    if doubtful.isEmpty { return }
    let looks = doubtful.compactMap { subjects[$0].desired.wanted?.entry.dn }.map {
      SearchRequest(base: $0, scope: .base, filter: .present("objectClass"), attributes: ["1.1"])
    }
    let found = try await SideBySide.run(
      looks, session, absent: [.noSuchObject, .invalidDNSyntax, .encodingError], atOnce: 32)
    for (index, entries) in zip(doubtful, found) {
      guard let current = subjects[index].current, entries.contains(where: { $0.dn == current.dn }) else { continue }
      subjects[index].desired = subjects[index].desired.staying(below: current.dn)
    }
  }

  /// Removes wanted values that an entry has in another spelling.
  func believeValues(_ session: LDAPSession, _ subjects: inout [Subject]) async throws(EngineError) {
    var places: [(index: Int, attribute: String, value: AttributeValue)] = []
    for (index, subject) in subjects.enumerated() {
      places += planner.doubts(of: subject).map { (index, $0.attribute, $0.value) }
    }
    if places.isEmpty { return }
    let looks = places.compactMap { place in
      subjects[place.index].current.map {
        SearchRequest(base: $0.dn, scope: .base, filter: .equal(place.attribute, place.value), attributes: ["1.1"])
      }
    }
    let found = try await SideBySide.run(looks, session, absent: [.noSuchObject], atOnce: 32)
    for (place, entries) in zip(places, found) where !entries.isEmpty {
      subjects[place.index].desired = subjects[place.index].desired.without(place.value, of: place.attribute)
    }
  }

  private func isDoubtful(_ subject: Subject) -> Bool {
    guard let current = subject.current?.dn, let wanted = subject.desired.wanted?.entry.dn, current != wanted,
      current.isOpenToFolding || wanted.isOpenToFolding
    else { return false }
    return !current.isEquivalent(to: wanted, facts.schema)
  }
}

extension DistinguishedName {
  /// Whether servers may disagree about which names are equal to it. They all fold ASCII in the same way.
  fileprivate var isOpenToFolding: Bool { text.utf8.contains { $0 >= 0x80 || $0 == UInt8(ascii: "\\") } }
}

extension Desired {
  /// The same entry below the parent of `dn`.
  fileprivate func staying(below dn: DistinguishedName) -> Desired {
    guard var wanted, let name = wanted.entry.dn.first else { return self }
    wanted.entry.dn = dn.parent?.child(name) ?? wanted.entry.dn
    return switch self {
    case .present: .present(wanted)
    case .disabled: .disabled(wanted)
    case .absent, .orphanDisabled, .untouched, .rejected, .lockedOut: self
    }
  }
}
