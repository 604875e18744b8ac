/// Compares the database's clock with one that only runs forward, and tells when the database's has been set.
///
/// Dates take effect by the database's clock. Where it is set, people join and leave who should not: nobody is then removed
/// without a person's consent.
public struct DatabaseClock: Sendable {
  /// How far the two clocks may differ, in seconds: statements wait, and machines pause.
  public static let tolerance: Double = 60
  /// How far the database's clock may differ from that of the daemon's machine when a daemon starts.
  public static let skew: Double = 300

  private var last: (database: Double, own: Double)?

  public init() {}

  /// Takes a reading of both clocks.
  ///
  /// - Returns: by how many seconds the database's clock has jumped since the last reading; negative: back. Nil if it has
  ///   not.
  public mutating func read(database: Double, own: Double) -> Double? {
    defer { last = (database, own) }
    guard let last else { return nil }
    let jump = (database - last.database) - (own - last.own)
    return abs(jump) > DatabaseClock.tolerance ? jump : nil
  }

  /// Takes the first reading of a process.
  ///
  /// - Parameters:
  ///   - looked: the database's time up to which the last process has looked; nil if there was none.
  ///   - wall: the time of the daemon's machine.
  /// - Returns: as ``read(database:own:)``.
  public mutating func begin(database: Double, own: Double, looked: Double?, wall: Double) -> Double? {
    last = (database, own)
    if let looked, looked - database > DatabaseClock.tolerance { return database - looked }
    return abs(database - wall) > DatabaseClock.skew ? database - wall : nil
  }
}
