internal import LDAPModel
package import Reactor
internal import RollcallCore
internal import RollcallLedger

/// What one look at a person knows of the others whom the row names.
struct ReferenceLook: Sendable {
  /// What the ledger had before the look.
  var before: [RosterKey: ReferenceRecord] = [:]
  /// The others with digests of their DNs, nil where there is no entry; nil where the row cannot be read.
  var found: [RosterKey: String?]?

  /// Whether the entry may have to follow another one.
  var isNews: Bool { !isRecorded || before.values.contains { $0.due != nil } }

  /// Whether the ledger knows all of it already.
  var isRecorded: Bool {
    guard let found else { return true }
    return found.count == before.count
      && found.allSatisfy { target, name in before[target].map { $0.name == name && $0.due == nil } ?? false }
  }
}

/// Keeps in the ledger who names whom, so that they are looked at again when the other gets another DN.
///
/// The order makes it safe. Whom a person names is recorded before the other is looked for, and the other marks those who
/// name it after its own entry was written and before it settles. So either the search sees the new name, or the mark
/// finds the person. A mark is cleared only by a look that began after it was made.
@Reactor
package struct ReferenceBook {
  /// As many keys are queued at once; more are read from the ledger in pages.
  static let most = 1000

  let ledger: Ledger

  init(_ ledger: Ledger) { self.ledger = ledger }

  /// Records whom the people name, and returns what the ledger had before.
  ///
  /// - Parameter targets: nil for people whose rows cannot be read.
  func begin(_ people: [RosterKey: Set<RosterKey>?]) async throws(EngineError) -> [RosterKey: ReferenceLook] {
    var looks = people.mapValues { _ in ReferenceLook() }
    let new = people.flatMap { key, targets in (targets ?? []).map { (key: key, target: $0) } }
    for row in try await ledger.references(of: Array(people.keys), adding: new) {
      looks[row.key]?.before[row.target] = row.record
    }
    return looks
  }

  /// What the ledger has of these people.
  func records(of keys: [RosterKey]) async throws(EngineError) -> [RosterKey: [RosterKey: ReferenceRecord]] {
    var found: [RosterKey: [RosterKey: ReferenceRecord]] = [:]
    for row in try await ledger.references(of: keys) { found[row.key, default: [:]][row.target] = row.record }
    return found
  }

  /// Records how looks have ended, each with the names that the person's entry has by now.
  func end(_ looks: [RosterKey: ReferenceLook]) async throws(EngineError) {
    var rows: [ReferenceRow] = []
    var gone: [(key: RosterKey, target: RosterKey)] = []
    for (key, look) in looks where look.isNews {
      guard let found = look.found else {
        // Parked, until the row can be read.
        for (target, record) in look.before where record.due != nil {
          rows.append(ReferenceRow(key: key, target: target, record: record))
        }
        continue
      }
      for (target, name) in found where look.before[target] != ReferenceRecord(name: name) {
        // Recorded without a name at the beginning.
        if name == nil, look.before[target] == nil { continue }
        let record = ReferenceRecord(name: name, due: look.before[target]?.due)
        rows.append(ReferenceRow(key: key, target: target, record: record))
      }
      gone += look.before.keys.filter { found[$0] == nil }.map { (key, $0) }
    }
    try await ledger.noteReferences(rows)
    try await ledger.forgetReferences(gone)
  }

  /// Marks those who name people whose entries have other DNs by now.
  ///
  /// - Parameter renamed: people whose entries had another DN before, which a look that is under way may have seen and
  ///   will record: all who name them are marked, also where the DN is the former one again, or there is none.
  func mark(
    _ names: [RosterKey: DistinguishedName?], renamed: Set<RosterKey> = [], _ schema: Schema
  ) async throws(EngineError) -> (people: [(key: RosterKey, target: RosterKey)], isMore: Bool) {
    let names = names.map { key, name in
      // No digest is empty.
      (target: key, name: renamed.contains(key) ? "" : name.map { Self.digest($0, schema) })
    }
    let found = try await ledger.markReferrers(to: names, limit: Self.most)
    return (found.people, found.count > found.people.count)
  }

  /// Equal for DNs that are equal.
  static func digest(_ name: DistinguishedName, _ schema: Schema) -> String {
    var hash = StableHash()
    hash.combine(name.normalized(schema).utf8)
    return hash.text
  }
}
