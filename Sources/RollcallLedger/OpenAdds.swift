package import RollcallCore

/// An entry that an add creates.
package struct MadeEntry: Sendable, Hashable {
  package var key: RosterKey
  /// Its normalized DN.
  package var name: String

  package init(key: RosterKey, name: String) {
    self.key = key
    self.name = name
  }
}

/// Adds that were sent and whose results are not known yet.
///
/// An entry that is found under such a name is ours, although the ledger does not know it; and only such an entry can
/// be a person's duplicate. An add whose answer was lost is forgotten when its key has been looked at after an
/// operation's deadline: by then it has been carried out or never will be.
package struct OpenAdds: Sendable {
  /// An add of one key whose result is known.
  package struct Ended: Sendable, Hashable {
    package var key: RosterKey
    package var row: Int

    package init(key: RosterKey, row: Int) {
      self.key = key
      self.row = row
    }
  }

  private struct Add {
    var row: Int
    var name: String
    /// The latest time at which it may have been sent.
    var since: ContinuousClock.Instant
  }

  private var adds: [RosterKey: [Add]] = [:]
  /// The number of open adds of each row.
  private var rows: [Int: Int] = [:]

  var keys: [RosterKey] { Array(adds.keys) }

  func names(of key: RosterKey) -> Set<String> { Set((adds[key] ?? []).map(\.name)) }

  /// Adds the ledger's records, as after a lost connection: deadlines start again. Records that only the ledger has
  /// lost stay.
  mutating func reopen(_ found: [Int: [MadeEntry]], at moment: ContinuousClock.Instant) {
    for key in keys {
      for index in adds[key]?.indices ?? 0..<0 { adds[key]?[index].since = moment }
    }
    for (row, entries) in found where rows[row] == nil { begin(row, entries, at: moment) }
  }

  /// Records a row that has just been written. A database that has lost commits may assign a number twice.
  mutating func begin(_ row: Int, _ entries: [MadeEntry], at moment: ContinuousClock.Instant) {
    rows[row, default: 0] += entries.count
    for entry in entries { adds[entry.key, default: []].append(Add(row: row, name: entry.name, since: moment)) }
  }

  func expired(_ keys: [RosterKey], before moment: ContinuousClock.Instant) -> [Ended] {
    if adds.isEmpty { return [] }
    return keys.flatMap { key in
      (adds[key] ?? []).filter { $0.since < moment }.map { Ended(key: key, row: $0.row) }
    }
  }

  /// Deletes adds.
  ///
  /// - Returns: rows without open adds.
  mutating func end(_ ended: [Ended]) -> [Int] {
    var done: [Int] = []
    for end in ended {
      let before = adds[end.key]?.count ?? 0
      adds[end.key]?.removeAll { $0.row == end.row }
      let gone = before - (adds[end.key]?.count ?? 0)
      if adds[end.key]?.isEmpty == true { adds[end.key] = nil }
      guard gone > 0, let left = rows[end.row].map({ $0 - gone }) else { continue }
      rows[end.row] = left > 0 ? left : nil
      if left <= 0 { done.append(end.row) }
    }
    return done
  }
}
