internal import LDAPModel
internal import RollcallCore
internal import RollcallLedger

/// Limits how much a process that has other work plans at once.
package struct PlanLimit: Sendable {
  package var keys: Int
  /// The size of rows and entries together.
  package var octets: Int

  /// The daemon's limit for a request: some hundred megabytes at most.
  package static let daemon = PlanLimit(keys: 20_000, octets: 64 << 20)

  /// Measures what has been planned so far.
  struct Meter {
    private let limit: PlanLimit?
    private var octets = 0

    init(_ limit: PlanLimit?) { self.limit = limit }

    func check(keys: Int) throws(EngineError) {
      guard let limit, keys > limit.keys else { return }
      throw .refused(
        "more than \(limit.keys) keys differ, which is more than the daemon plans at once; "
          + PlanLimit.remedy)
    }

    mutating func add(_ subjects: [Subject]) throws(EngineError) {
      guard let limit else { return }
      for subject in subjects { octets += subject.octets }
      guard octets > limit.octets else { return }
      throw .refused(
        "rows and entries are larger than \(limit.octets >> 20) MB, which is more than the daemon plans at once; "
          + PlanLimit.remedy)
    }
  }

  private static let remedy =
    "name some of the keys, or run this with the directory's password (it is then planned without the daemon)"
}

extension Subject {
  fileprivate var octets: Int {
    let wanted: Entry? =
      switch desired {
      case .present(let wanted), .disabled(let wanted): wanted.entry
      default: nil
      }
    return [current, wanted].compactMap { $0 }.flatMap(\.attributes).reduce(512) { sum, attribute in
      attribute.values.reduce(sum + attribute.name.utf8.count) { $0 + $1.bytes.count }
    }
  }
}
