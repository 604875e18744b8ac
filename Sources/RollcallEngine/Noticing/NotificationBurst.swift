internal import RollcallCore

/// The notifications of one read of the socket, grouped by the size of their transactions.
///
/// A transaction's messages are consecutive. Only a transaction that named few keys in total may overtake; all others
/// are read from the log, and their removals are decided together.
struct NotificationBurst {
  /// Changes of one transaction that may overtake all others.
  struct Small: Equatable {
    var xid: String
    var keys: [RosterKey]
    /// Whether the trigger calls them urgent; the log is asked before that counts for more than their place.
    var isUrgent = false
  }

  private var named: [Small] = []
  /// The last transaction of the previous burst: together with the next read it may be large.
  private var large: String?
  private var mustLook = false

  mutating func add(_ payload: NotificationPayload?) {
    guard let xid = payload?.xid, let keys = payload?.keys, !keys.isEmpty, xid != large else {
      mustLook = true
      // It has named keys and goes on to say that there are more.
      if let xid = payload?.xid, named.last?.xid == xid { large = named.removeLast().xid }
      return
    }
    let isUrgent = payload?.urgent == true
    if let last = named.indices.last, named[last].xid == xid {
      named[last].keys += keys
      named[last].isUrgent = named[last].isUrgent || isUrgent
    } else {
      named.append(Small(xid: xid, keys: keys, isUrgent: isUrgent))
    }
    if keys.count >= NotificationPayload.full || (named.last?.keys.count ?? 0) > NotificationPayload.full {
      named.removeLast()
      large = xid
      mustLook = true
    }
  }

  /// Notes a change that the log alone explains.
  mutating func mustLookAtLog() { mustLook = true }

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
