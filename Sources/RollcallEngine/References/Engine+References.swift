internal import Reactor
internal import RollcallConfiguration
internal import RollcallCore
internal import RollcallLedger

extension Engine {
  /// Queues everybody who is to be looked at because others have another DN by now: at the start, because an earlier
  /// process may not have come to it, and where there are many of them.
  func takeUpReferences() {
    guard !configuration.users.references.isEmpty else { return }
    let epoch = dispatcher.queue.epochs.hold()
    Reactor.task {
      defer {
        self.dispatcher.queue.epochs.leave(epoch)
        self.sweeper?.progress()
      }
      do throws(EngineError) {
        var last: RosterKey?
        while await self.dispatcher.room() {
          let keys = try await self.ledger.dueReferrers(after: last, limit: ReferenceBook.most)
          self.dispatcher.addTogether(keys, .sweep, epoch: epoch)
          self.dispatcher.pump()
          guard keys.count == ReferenceBook.most else { return }
          last = keys.last
        }
      } catch {
        self.trouble(error)
      }
    }
  }
}
