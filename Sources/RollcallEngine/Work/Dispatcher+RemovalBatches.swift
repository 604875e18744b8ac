internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// From the keys of a removal batch to the decision on it.
extension Dispatcher {
  /// Whether a closed batch is still undecided.
  func isOpen(_ removalBatch: RemovalBatch) -> Bool { closed[removalBatch] != nil }

  /// Begins a removal batch of the log to which so many add keys; each of them closes it.
  func begin(together count: Int) -> RemovalBatch {
    let removalBatch = removalGuard.begin(isOfTheLog: true)
    fillers[removalBatch] = count
    return removalBatch
  }

  /// Marks a removal batch whose keys have all been queued; the epoch waits for the decision.
  func close(_ removalBatch: RemovalBatch, epoch: Epoch) {
    // One of those that were to fill it has given it up.
    if queue.removalBatches.isAbandoned(removalBatch) { return queue.epochs.leave(epoch) }
    if let count = fillers[removalBatch], count > 1 {
      fillers[removalBatch] = count - 1
      // The others keep the same epoch open.
      return queue.epochs.leave(epoch)
    }
    fillers[removalBatch] = nil
    closed[removalBatch] = epoch
    decideRemovalBatches()
  }

  /// Ends a removal batch that will never be decided, whoever else was to fill it.
  func abandon(_ removalBatch: RemovalBatch) {
    fillers[removalBatch] = nil
    queue.abandon(removalBatch)
    pump()
  }

  func decideRemovalBatches() {
    for (removalBatch, epoch) in closed
    where queue.removalBatches.unplanned(in: removalBatch) == 0 && !deciding.contains(removalBatch) && worker != nil {
      deciding.insert(removalBatch)
      Reactor.task { await self.decide(removalBatch, epoch) }
    }
  }

  private func decide(_ removalBatch: RemovalBatch, _ epoch: Epoch) async {
    defer {
      deciding.remove(removalBatch)
      pump()
      wake()
    }
    do throws(EngineError) {
      try await removalGuard.decide(removalBatch, epoch: epoch)
      try await onDecided?(removalBatch)
      closed[removalBatch] = nil
      queue.epochs.leave(epoch)
      onProgress?()
    } catch {
      trouble(error)
    }
  }
}
