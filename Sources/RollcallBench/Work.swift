internal import ArgumentParser

/// The measurements, in their order.
enum Work: String, CaseIterable, Sendable {
  case load, reconcile, change, journal, urgent, leaver, catchup, latency, idle, writers, references, keys

  static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }

  /// Measurements that do not involve the directory's disk are made once.
  var concernsPostgresOnly: Bool { self == .writers || self == .idle }

  var mapping: MeasuredMapping {
    switch self {
    case .references: .references
    case .keys: .keys
    default: .plain
    }
  }

  func measure(on stage: Stage, round: Int, into report: inout Report) async throws {
    switch self {
    case .load: try await LoadWork(stage: stage, round: round).measure(&report)
    case .reconcile: try await ReconcileWork(stage: stage).measure(&report)
    case .change: try await ChangeWork(stage: stage).measure(&report)
    case .journal: try await JournalWork(stage: stage).measure(round: round, &report)
    case .urgent: try await UrgentWork(stage: stage).measure(&report)
    case .leaver: try await LeaverWork(stage: stage, round: round).measure(&report)
    case .catchup: try await CatchUpWork(stage: stage).measure(&report)
    case .latency: try await LatencyWork(stage: stage).measure(&report)
    case .idle: try await IdleWork(stage: stage).measure(&report)
    case .writers: try await WritersWork(stage: stage).measure(&report)
    case .references: try await OneRowWork(stage, round, .manager).measure(&report)
    case .keys: try await OneRowWork(stage, round, .department).measure(&report)
    }
  }
}

/// The value of `--only`.
struct Works: ExpressibleByArgument, CustomStringConvertible, Sendable {
  var list: [Work]

  init(list: [Work]) { self.list = list }

  init?(argument: String) {
    let names = argument.split(separator: ",").map(String.init)
    let chosen = Work.allCases.filter { names.contains($0.rawValue) }
    guard !chosen.isEmpty, chosen.count == Set(names).count else { return nil }
    list = chosen
  }

  var description: String { list.map(\.rawValue).joined(separator: ",") }
}
