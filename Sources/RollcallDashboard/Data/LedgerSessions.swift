internal import Postgres
internal import Reactor
internal import RollcallLedger

/// The dashboard's sessions: a few, whatever number of browsers asks.
///
/// libpq lives on the reactor's thread, which is another one than the web server's.
@Reactor
final class LedgerSessions {
  /// A page whose query takes longer says so instead.
  private static let longestStatement = 6_000
  private static let count = 3

  private let sessions: [Database]
  private var last = 0

  init(_ options: ConnectionOptions) {
    sessions = (0..<Self.count).map { _ in
      Database(options, timeout: Self.longestStatement, patience: .seconds(4))
    }
  }

  /// The next session in turn: statements of one session are answered one after the other.
  var next: Database {
    last = (last + 1) % sessions.count
    return sessions[last]
  }

  func ledger(_ directory: String) -> Ledger { Ledger(next, directory: directory) }
}
