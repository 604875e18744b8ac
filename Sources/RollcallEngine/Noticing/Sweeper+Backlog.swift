internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// How much has not settled, and since when.
extension Sweeper {
  /// Those of these keys that are in windows not yet read completely, or that such windows' rows concern.
  func unread(_ keys: [RosterKey]) async throws(EngineError) -> [RosterKey: UnreadWindow] {
    var found = try await windows.unread(keys, log, leavers: Set(keys.filter(dispatcher.queue.isLeaver)))
    for reader in keyQueries {
      for (key, window) in try await reader.unread(keys, log) where found[key]?.isPlain != false { found[key] = window }
    }
    return found
  }

  /// Waits for a read that begins now, so that everything committed by now is known.
  ///
  /// - Returns: those of these keys that are in long windows not yet read completely, with the batches that decide on
  ///   their removals; nil if this sweeper has ended meanwhile.
  func catchUp(_ keys: [RosterKey]) async throws(EngineError) -> [RosterKey: UnreadWindow]? {
    try await readAnew() ? try await unread(keys) : nil
  }

  /// Whether everything that was found in the log has been queued.
  var hasQueuedAll: Bool { windows.isIdle && keyQueries.allSatisfy { $0.open == 0 } }

  /// The number of items unsettled for a while, and the snapshot beyond which they are not counted; nil: none.
  var unsettled: (count: Int, countedTo: String)? {
    guard let oldest = looks.first, .now - oldest.taken > .seconds(1) else { return nil }
    let open = keyQueries.reduce(0) { $0 + $1.open }
    return (dispatcher.queue.unsettled + windows.rest.count + open, windows.rest.countedTo ?? seen.text)
  }

  /// When the oldest change was made that has not settled, by the database's clock in microseconds; nil where all have.
  var oldestUnsettled: Int? { looks.first { $0.oldest != nil }?.oldest.map { Int($0) } }
}
