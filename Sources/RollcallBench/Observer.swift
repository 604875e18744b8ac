internal import Histogram

/// HR and an application in one thread: writes a row, then reads the entry until the change is visible.
struct Observer {
  let stage: Stage

  /// Milliseconds from commit to visible entry for `count` single writes, one after the other.
  ///
  /// - Parameters:
  ///   - pause: microseconds between one write's arrival and the next write.
  ///   - isOver: called before each write.
  func watch(
    _ count: Int, pause: Int, marker: String, isOver: @Sendable () throws -> Bool = { false }
  ) throws -> Histogram<UInt64> {
    let database = try BareDatabase(stage.conninfo)
    let directory = try BareDirectory(stage.access)
    try database.prepare("write", "UPDATE users SET full_name = $2 WHERE id = $1::int")
    var histogram = Histogram<UInt64>(
      highestTrackableValue: 600_000_000, numberOfSignificantValueDigits: .three)
    for index in 0..<count {
      if try isOver() { break }
      let person = Person(key: 1 + (index * 7919) % stage.size)
      let dn = person.dn(below: stage.base)
      let name = "\(marker)\(index) \(person.surname)"
      _ = try database.row("write", ["\(person.key)", name])
      let committed = ContinuousClock.now
      while try directory.search(dn, subtree: false, "(objectClass=*)", "cn").value != name {
        if ContinuousClock.now - committed > .seconds(60) {
          throw BenchError("\(dn) has not changed in a minute")
        }
        Pause.microseconds(20)
      }
      histogram.record(UInt64((ContinuousClock.now - committed) / .microseconds(1)))
      Pause.microseconds(pause)
    }
    return histogram
  }
}

extension Histogram where Count == UInt64 {
  /// In milliseconds.
  func percentile(_ percent: Double) -> Double { Double(valueAtPercentile(percent)) / 1000 }
}
