internal import RollcallCore

/// What one read of the socket brought, sorted by how much each transaction has changed.
///
/// A transaction's messages follow each other. Only a transaction that named few keys altogether may overtake; of all
/// others the log tells, and their removals are decided together.
struct NotificationBurst {
  /// Changes of one transaction that may go ahead of everything.
  struct Small: Equatable {
    var xid: String
    var keys: [RosterKey]
  }

  private var named: [Small] = []
  /// The transaction of the last burst's end: with what the next read brings of it, it is larger than it seemed.
  private var large: String?
  private var mustLook = false

  mutating func add(_ payload: NotificationPayload?) {
    guard let xid = payload?.xid, let keys = payload?.keys, !keys.isEmpty, xid != large else {
      mustLook = true
      return
    }
    if let last = named.indices.last, named[last].xid == xid {
      named[last].keys += keys
    } else {
      named.append(Small(xid: xid, keys: keys))
    }
    if keys.count >= NotificationPayload.full || (named.last?.keys.count ?? 0) > NotificationPayload.full {
      named.removeLast()
      large = xid
      mustLook = true
    }
  }

  /// Ends the burst.
  mutating func take() -> (small: [Small], mustLook: Bool) {
    defer {
      large = named.last?.xid ?? large
      named = []
      mustLook = false
    }
    return (named, mustLook)
  }
}
