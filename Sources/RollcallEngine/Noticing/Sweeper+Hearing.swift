internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// What notifications name, and what the log says about it.
extension Sweeper {
  /// Records the keys of a notification; they go ahead of all others.
  ///
  /// Any role can execute NOTIFY. Changes that a read has already found are not repeated; if the next read does not
  /// find a named change, it was never logged, and for a while notifications only cause a read.
  /// - Returns: false if the log has to be read, because the notification is not trusted.
  func hear(_ change: NotificationBurst.Small) -> Bool {
    let keys = change.keys
    guard let number = UInt64(change.xid), !hasStopped else { return false }
    let isSeen = seen.includes(number)
    if isSeen, !isReadingLong { return true }
    if let distrustedUntil, .now < distrustedUntil { return false }
    guard hints + keys.count <= Sweeper.mostHints, dispatcher.hasRoom || change.isUrgent, keys.allSatisfy(isKey)
    else { return false }
    hints += keys.count
    dispatcher.counting.counters.changes[.notification]? += keys.count
    believed += keys.count
    for key in keys {
      dispatcher.add(
        key, change.isUrgent ? .leaver : .notification, origin: Origin(number, isHeard: true))
      if !isSeen { heard.insert(LoggedChange(xid: change.xid, key: key)) }
    }
    dispatcher.pump()
    return true
  }

  /// Checks whether the log contains the changes that notifications named before or during the read.
  func judgeHints(by look: Look) {
    let covered = heard.filter { UInt64($0.xid).map(seen.includes) ?? true }
    heard.subtract(covered)
    if look.isBulk || heardBefore.union(covered).isSubset(of: look.changes) { return }
    if distrustedUntil.map({ .now >= $0 }) ?? true {
      events.emit(.forgedNotification)
    }
    distrustedUntil = .now + Sweeper.distrust
  }

  /// Takes up those who leave one by one, ahead of what else was found; returns them with their transactions.
  func take(_ marks: UrgentMarks) -> [RosterKey: [UInt64]] {
    if marks.isEmpty { return [:] }
    let leavers = marks.leavers
    for (key, transactions) in leavers {
      for transaction in transactions {
        let change = LoggedChange(xid: "\(transaction)", key: key)
        if heardBefore.contains(change) || heard.contains(change) {
          dispatcher.queue.markLeaver(key)
        } else {
          dispatcher.add(key, .leaver, isLeaver: true, origin: Origin(transaction))
          dispatcher.counting.counters.changes[.sweep]? += 1
        }
      }
    }
    return leavers
  }
}
