internal import LDAP
internal import Postgres
internal import Reactor
internal import RollcallCore
internal import RollcallLedger

/// Handles the loss of a server.
extension Engine {
  /// Stops work because a server was lost or cannot answer.
  func trouble(_ error: EngineError) {
    // Errors that follow from the same loss are not counted again.
    if dispatcher.isWorking {
      switch error {
      case .directory: counting.counters.reconnects[.directory]? += 1
      case .database: counting.counters.reconnects[.database]? += 1
      case .refused, .standby: break
      }
    }
    dispatcher.suspend()
    // The next connection begins with a look at all groups.
    groupReferences?.stop()
    switch error {
    case .directory(let failure): giveUp(failure)
    case .database(let failure) where failure.isConnectionLost:
      sessions.close()
    case .database, .refused, .standby: break
    }
    disconnected()
    onTrouble?(error)
  }
}
