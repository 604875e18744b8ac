/// Compares the database's clock with one that only runs forward, and tells when the database's has been set.
///
/// Dates take effect by the database's clock. Where it is set, people join and leave who should not: nobody is then removed
/// without a person's consent.
public struct DatabaseClock: Sendable {
  /// How far the two clocks may differ, in seconds: statements wait, and machines pause.
  public static let tolerance: Double = 60
  /// How far the database's clock may differ from that of the daemon's machine when a daemon starts.
  public static let skew: Double = 300
  /// How long a clock that was set ahead has to run, in seconds, before anything is deleted because it is old.
  public static let confirmation: Double = 86_400

  private var last: (database: Double, own: Double)?
  /// By how much it may be ahead, and until when that is not confirmed.
  private var doubt: (ahead: Double, until: Double)?

  public init() {}

  /// Takes a reading of both clocks.
  ///
  /// - Returns: by how many seconds the database's clock has jumped since the last reading; negative: back. Nil if it has
  ///   not.
  public mutating func read(database: Double, own: Double) -> Double? {
    defer { last = (database, own) }
    guard let last else { return nil }
    let jump = (database - last.database) - (own - last.own)
    guard abs(jump) > DatabaseClock.tolerance else { return nil }
    note(jump, own: own)
    return jump
  }

  /// Whether it may have been set ahead by mistake: nothing is deleted then because it is old.
  public func isDoubtful(own: Double) -> Bool { doubt.map { own < $0.until } ?? false }

  private mutating func note(_ jump: Double, own: Double) {
    let ahead = (doubt?.ahead ?? 0) + jump
    doubt = ahead > DatabaseClock.tolerance ? (ahead, own + DatabaseClock.confirmation) : nil
  }

  /// Takes the first reading of a process.
  ///
  /// - Parameters:
  ///   - looked: the database's time up to which the last process has looked; nil if there was none.
  ///   - wall: the time of the daemon's machine.
  ///   - unseen: for how long no process has looked, by the database's clock. Where that is long, the clocks of both
  ///     machines may have been set ahead; where it is negative, the database's was set back.
  /// - Returns: as ``read(database:own:)``.
  public mutating func begin(
    database: Double, own: Double, looked: Double?, wall: Double, unseen: Double? = nil
  ) -> Double? {
    last = (database, own)
    if let looked, looked - database > DatabaseClock.tolerance { return database - looked }
    if let unseen, -unseen > DatabaseClock.tolerance { return unseen }
    guard abs(database - wall) > DatabaseClock.skew else {
      if let unseen, unseen > DatabaseClock.confirmation { note(unseen, own: own) }
      return nil
    }
    note(database - wall, own: own)
    return database - wall
  }
}
