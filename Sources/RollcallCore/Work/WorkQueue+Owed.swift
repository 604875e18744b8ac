/// Keys whose turns have ended while a batch has yet to decide on their removal.
extension WorkQueue {
  /// What such a key's turns were for.
  struct Owed {
    /// The oldest epoch of them: until it has settled only the log tells a successor that the key is to be removed.
    var epoch: Epoch
    /// How urgently more than undecided batches have asked for the key; nil: nothing else has.
    var own: Priority?
    var isLeaver = false

    mutating func ask(_ priority: Priority) { own = min(own ?? priority, priority) }
  }

  /// The number of keys whose turns have ended and on whose removal some of these batches have yet to decide.
  ///
  /// - Parameter epoch: the last epoch that counts.
  public func owed(to batches: Set<RemovalBatch>, upTo epoch: Epoch) -> Int {
    owed.count { key, owed in owed.epoch <= epoch && removalBatches.of(key).contains(where: batches.contains) }
  }

  /// Keeps the epoch of an ended turn open.
  mutating func owe(_ touch: Touch, _ key: RosterKey) {
    var owed = self.owed[key] ?? Owed(epoch: touch.epoch)
    if let other = self.owed[key] {
      owed.epoch = min(touch.epoch, other.epoch)
      epochs.leave(max(touch.epoch, other.epoch))
    }
    if touch.isOwn { owed.ask(touch.priority) }
    owed.isLeaver = owed.isLeaver || touch.isLeaver
    self.owed[key] = owed
  }

  mutating func payBack(_ key: RosterKey) {
    if let owed = owed.removeValue(forKey: key) { epochs.leave(owed.epoch) }
  }

  mutating func payBackDecided() {
    for key in owed.keys where removalBatches.of(key).isEmpty { payBack(key) }
  }

  /// Looks at a key again without the abandoned batch with which its removal was to be decided, if not only undecided
  /// batches have asked for it: a change of its own in the log, or a batch that has left it to the abandoned one.
  mutating func askAgain(_ key: RosterKey) {
    guard let owed = owed[key], let priority = owed.own else { return }
    add(key, Touch(priority: priority, epoch: owed.epoch, isLeaver: owed.isLeaver, isOwn: true))
  }
}
