/// Who leaves, and which batches decide on that.
extension WorkQueue {
  /// Whether a single change in the log has named this key.
  public func isSingle(_ key: RosterKey) -> Bool { items[key].map { $0.touch.priority <= .notification } ?? false }

  /// Whether the log has marked a change of this key as urgent that has not settled.
  public func isLeaver(_ key: RosterKey) -> Bool {
    items[key].map { $0.touch.isLeaver || $0.dirty?.isLeaver == true } ?? false
  }

  /// Records that the log has marked the change for which a key is queued or in flight.
  public mutating func markLeaver(_ key: RosterKey) {
    items[key]?.touch.isLeaver = true
    items[key]?.dirty?.isLeaver = true
  }

  /// Whether a notification has called a key urgent of which the log has not been asked yet.
  public func isSaidToLeave(_ key: RosterKey) -> Bool {
    items[key].map { $0.touch.priority == .leaver && !$0.touch.isLeaver } ?? false
  }

  /// The removal batches that decide on a key's removal; empty: it is decided alone.
  public func decidingBatches(of key: RosterKey) -> [RemovalBatch] {
    isLeaver(key) ? removalBatches.binding(key) : removalBatches.of(key)
  }
}
