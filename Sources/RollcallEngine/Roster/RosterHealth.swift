internal import Postgres
internal import Reactor
internal import RollcallCore

/// What all readers of one roster know of how reading goes: who is slow, who can be read, and whether anybody can.
@Reactor
final class RosterHealth {
  /// How long a batch may take, at first and at most; a single row half of that.
  private static let patience: (least: Duration, most: Duration) = (.seconds(1), .seconds(16))
  /// So many equal failures in a row are looked into.
  private static let most = 24

  /// How long a batch may take now. It grows where nobody can be read within it, because then it is the database that
  /// is slow.
  private(set) var patience = RosterHealth.patience.least
  /// Keys whose rows have taken too long: they are read by themselves.
  private(set) var slow: Set<RosterKey> = []
  /// Somebody who was read last.
  private(set) var witness: RosterKey?
  private var state: String?
  /// Who has failed equally, one after the other.
  private(set) var row: [RosterKey] = []
  private var isOpen = false
  /// Called with the keys that were set aside for what has turned out to be everybody's failure.
  var onRecovered: (@Reactor ([RosterKey]) -> Void)?

  init() {}

  /// Notes that a row was read.
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

  /// Notes that a row failed; true where so many have failed equally that it may be the mapping.
  func failed(_ key: RosterKey, _ failure: PostgresError) -> Bool {
    if failure.sqlState != state {
      state = failure.sqlState
      row = []
    }
    if !row.contains(key), row.count < RosterHealth.most { row.append(key) }
    return isOpen || row.count >= RosterHealth.most
  }

  /// Somebody else can be read: the failures were those of their rows.
  func acquit() {
    let keys = row
    let wasOpen = isOpen
    row = []
    isOpen = false
    if wasOpen { onRecovered?(keys) }
  }

  func open() { isOpen = true }

  /// A batch came within this time.
  func took(_ time: Duration) {
    if patience > RosterHealth.patience.least, time < RosterHealth.patience.least {
      patience = max(RosterHealth.patience.least, patience / 2)
    }
  }

  /// Gives the database twice the time; false where that has been tried.
  func waitLonger() -> Bool {
    if patience >= RosterHealth.patience.most { return false }
    patience = patience * 2
    return true
  }

  func note(slow key: RosterKey) { if slow.count < 10_000 { slow.insert(key) } }
  func noteQuick(_ key: RosterKey) { slow.remove(key) }
}
