/// Counters as `rollcall.counters` keeps them: a name with dots and a whole number each, what is 0 left out.
extension Counters {
  /// For instance `operations.create.done`.
  public var stored: [(name: String, value: Int)] {
    var stored: [(name: String, value: Int)] = []
    func add(_ name: String, _ value: Int?) { if let value, value != 0 { stored.append((name, value)) } }
    for finder in Finder.allCases { add("changes.\(finder.rawValue)", changes[finder]) }
    add("missed", missedNotifications)
    for cause in DriftCause.allCases { add("drift.\(cause.rawValue)", drift[cause]) }
    for outcome in Settlement.allCases { add("settled.\(outcome.rawValue)", settled[outcome]) }
    for answer in Answer.allCases {
      for what in Step.What.allCases {
        add("operations.\(what.rawValue).\(answer.rawValue)", operations[answer]?[what])
      }
    }
    for action in Removal.Action.allCases { add("removals.\(action.rawValue)", removals[action]) }
    for side in Side.allCases { add("reconnects.\(side.rawValue)", reconnects[side]) }
    for priority in Priority.allCases {
      guard let histogram = lag[priority] else { continue }
      for (index, count) in histogram.counts.enumerated() { add("lag.\(priority.label).\(index)", count) }
      add("lag.\(priority.label).sum", histogram.sum)
    }
    return stored
  }

  /// - Parameter stored: names that are not known are those of another version, and are left.
  public init(stored: [String: Int]) {
    self.init()
    for finder in Finder.allCases { changes[finder] = stored["changes.\(finder.rawValue)"] ?? 0 }
    missedNotifications = stored["missed"] ?? 0
    for cause in DriftCause.allCases { drift[cause] = stored["drift.\(cause.rawValue)"] ?? 0 }
    for outcome in Settlement.allCases { settled[outcome] = stored["settled.\(outcome.rawValue)"] ?? 0 }
    for answer in Answer.allCases {
      for what in Step.What.allCases {
        operations[answer]?[what] = stored["operations.\(what.rawValue).\(answer.rawValue)"] ?? 0
      }
    }
    for action in Removal.Action.allCases { removals[action] = stored["removals.\(action.rawValue)"] ?? 0 }
    for side in Side.allCases { reconnects[side] = stored["reconnects.\(side.rawValue)"] ?? 0 }
    for priority in Priority.allCases {
      let counts = (0...LagHistogram.bounds.count).map { stored["lag.\(priority.label).\($0)"] ?? 0 }
      lag[priority] = LagHistogram(counts: counts, sum: stored["lag.\(priority.label).sum"] ?? 0)
    }
  }
}

extension Priority {
  /// As metrics name it.
  public var label: String {
    switch self {
    case .leaver: "leaver"
    case .notification: "notification"
    case .retry: "retry"
    case .sweep: "sweep"
    case .due: "due"
    case .reconcile: "reconcile"
    }
  }
}
