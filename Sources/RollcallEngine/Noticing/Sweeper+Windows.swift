internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// What is read page by page.
///
/// The keys of a stretch of the log, and the people whom its rows concern, are found in several ways. All of them fill one
/// removal batch: a transaction that removes people in more than one way is decided as a whole.
extension Sweeper {
  /// Reads the log again from `after` to the last snapshot; `epoch` does not settle before.
  func read(after: String, _ epoch: Epoch) {
    let removalBatch = keyQueries.isEmpty ? nil : dispatcher.begin(together: 1 + keyQueries.count)
    windows.read(after: after, upTo: seen.text, epoch, removalBatch)
    for reader in keyQueries { reader.read(after: after, upTo: seen.text, epoch, removalBatch) }
  }

  /// Has what a look has found, but not returned, be read.
  ///
  /// - Parameter hasBatch: whether the keys that it has returned are a batch.
  /// - Returns: the batch that they fill together with others; nil: it is one of their own.
  func read(_ look: Look, after: String, hasBatch: Bool) -> RemovalBatch? {
    let readers = keyQueries.enumerated().filter { look.isBulk || look.queries.contains($0.offset) }.map(\.element)
    let isOwn = hasBatch || look.isBulk && !windows.extends(after)
    // Nothing waits for a query that fails.
    let fillers = readers.count { !$0.isFailing } + (isOwn ? 1 : 0)
    let removalBatch = fillers > 1 ? dispatcher.begin(together: fillers) : nil
    for reader in readers {
      reader.append(after: after, upTo: look.snapshot, reader.isFailing ? nil : removalBatch)
    }
    if look.isBulk { windows.append(after: after, upTo: look.snapshot, removalBatch) }
    return removalBatch
  }
}
