internal import Postgres
internal import Reactor
internal import RollcallCore

/// Shared by all readers of one roster: which rows are slow, which can be read, and whether any can.
@Reactor
final class RosterHealth {
  /// How long a batch may take, at first and at most; a single row may take half of that.
  private static let patience: (least: Duration, most: Duration) = (.seconds(1), .seconds(16))
  /// The number of equal failures in succession after which the cause is examined.
  private static let most = 24

  /// How long a batch may take now. It grows if no row can be read within it, because then the database is slow.
  private(set) var patience = RosterHealth.patience.least
  /// Keys whose rows have taken too long: they are read separately.
  private(set) var slow: Set<RosterKey> = []
  /// A key that was read recently.
  private(set) var witness: RosterKey?
  /// The table or view whose column the key is, as of when the mapping could last be read; 0 if it is computed.
  var origin: UInt32 = 0
  private var state: String?
  /// Keys that failed in succession with the same error.
  private(set) var row: [RosterKey] = []
  private var isOpen = false
  /// Called with the keys that were parked for what turned out to be a failure of all rows.
  var onRecovered: (@Reactor ([RosterKey]) -> Void)?

  init() {}

  /// Records that a row was read.
  func read(_ key: RosterKey) {
    witness = key
    if row.isEmpty { return }
    let keys = row
    let wasOpen = isOpen
    row = []
    state = nil
    isOpen = false
    if wasOpen { onRecovered?(keys) }
  }

  /// Records that a row failed; true if so many failures are equal that the mapping may be the cause.
  func failed(_ key: RosterKey, _ failure: PostgresError) -> Bool {
    if failure.sqlState != state {
      state = failure.sqlState
      row = []
    }
    if !row.contains(key), row.count < RosterHealth.most { row.append(key) }
    return isOpen || row.count >= RosterHealth.most
  }

  /// Another row can be read: the failures were those of their rows.
  func acquit() {
    let keys = row
    let wasOpen = isOpen
    row = []
    isOpen = false
    if wasOpen { onRecovered?(keys) }
  }

  func open() { isOpen = true }

  /// Records that a batch was read within this time.
  func took(_ time: Duration) {
    if patience > RosterHealth.patience.least, time < RosterHealth.patience.least {
      patience = max(RosterHealth.patience.least, patience / 2)
    }
  }

  /// Doubles the database's time; false if the maximum is reached.
  func waitLonger() -> Bool {
    if patience >= RosterHealth.patience.most { return false }
    patience = patience * 2
    return true
  }

  func note(slow key: RosterKey) { if slow.count < 10_000 { slow.insert(key) } }
  func noteQuick(_ key: RosterKey) { slow.remove(key) }
}
