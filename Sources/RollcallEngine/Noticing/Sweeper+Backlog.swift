internal import Reactor
internal import RollcallCore

/// How much has not settled, and since when.
extension Sweeper {
  /// Reads the log again from `after` to the last snapshot; `epoch` does not settle before.
  func read(after: String, _ epoch: Epoch) { windows.read(after: after, upTo: seen.text, epoch) }

  /// The number of items unsettled for a while, and the snapshot beyond which they are not counted; nil: none.
  var unsettled: (count: Int, countedTo: String)? {
    guard let oldest = looks.first, .now - oldest.taken > .seconds(1) else { return nil }
    return (dispatcher.queue.unsettled + windows.rest.count, windows.rest.countedTo ?? seen.text)
  }

  /// When the oldest change was made that has not settled, by the database's clock in microseconds; nil where all have.
  var oldestUnsettled: Int? { looks.first { $0.oldest != nil }?.oldest.map { Int($0) } }
}
