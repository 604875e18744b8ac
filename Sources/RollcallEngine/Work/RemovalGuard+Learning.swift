internal import RollcallCore
internal import RollcallLedger

/// What the log says of removals that were noticed elsewhere.
extension RemovalGuard {
  /// Assigns removals that were noticed elsewhere to the windows of the log that contain them.
  func learn(_ removals: [Removal]) async throws(EngineError) {
    var rest = removals.map(\.key)
    // Whom this read of the log calls a leaver other batches decide.
    while case let strangers = rest.filter(isStrange), !strangers.isEmpty {
      try await assign(strangers)
      rest.removeAll(where: strangers.contains)
    }
  }

  /// Assigns keys to the windows of the log that contain them and have not been read completely.
  func assign(_ keys: [RosterKey]) async throws(EngineError) {
    // A missing row was deleted before it was read, so after this read of the log the window that contains the
    // delete, if any, is known. A window that was decided in the meantime has had this key looked at.
    for (key, window) in try await catchUp(keys) where isUndecided(window.removalBatch) {
      dispatcher?.queue.join(key, window.removalBatch, isPlain: window.isPlain)
    }
  }
}
